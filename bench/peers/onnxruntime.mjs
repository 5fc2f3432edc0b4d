// What onnxruntime-web and onnxruntime-node share: one session, native layout [timesteps, batch, features].

/** [batch, timesteps, width] ↔ [timesteps, batch, width]. */
function swapLeading(data, first, second) {
  const width = data.length / (first * second);
  const out = new data.constructor(data.length);
  for (let i = 0; i < first; i++) {
    for (let j = 0; j < second; j++) {
      const at = (i * second + j) * width;
      out.set(data.subarray(at, at + width), (j * first + i) * width);
    }
  }
  return out;
}

export async function createOrt(ort, version, workload, { read, threads = 1 }) {
  const { batch, timesteps, features, kind, layers } = workload;
  const session = await ort.InferenceSession.create(new Uint8Array(await read("model.onnx")), {
    executionProviders: [ort.executionProvider],
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const dims = features === 0 ? [timesteps, batch] : [timesteps, batch, features];
  const type = features === 0 ? "int32" : "float32";
  const close = () => session.release();
  if (kind === "step") {
    const { units } = layers[0];
    const zeros = () => new ort.Tensor("float32", new Float32Array(units), [1, 1, units]);
    let h = zeros();
    let c = zeros();
    return {
      version,
      close,
      reset() {
        h = zeros();
        c = zeros();
      },
      async run(data) {
        const next = await session.run({ x: new ort.Tensor(type, data, dims), h, c });
        h = next.hNext;
        c = next.cNext;
        return h.data;
      },
    };
  }
  const outputTimesteps = layers.at(-1).returnSequences ? timesteps : 1;
  return {
    version,
    close,
    prepare: (data) => swapLeading(data, batch, timesteps),
    restore: (data) => swapLeading(data, outputTimesteps, batch),
    run: async (data) => (await session.run({ x: new ort.Tensor(type, data, dims) })).y.data,
  };
}
