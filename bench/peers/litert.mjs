// LiteRT.js on the CPU, one thread (XNNPACK). It needs a page: its loader adds a script to the document.

/** @param context - `core` is the package, loaded; `read` gives model.tflite, which has a fixed batch. */
export async function createLiteRt(core, version, workload, { read }) {
  const model = await core.loadAndCompile(await read("model.tflite"), {
    accelerator: "wasm",
    cpuOptions: { numThreads: 1 },
  });
  const { batch, timesteps, features } = workload;
  const shape = features === 0 ? [batch, timesteps] : [batch, timesteps, features];
  return {
    version,
    close: () => model.delete(),
    async run(data) {
      const input = new core.Tensor(data, shape);
      const [output] = await model.run(input);
      const y = output.toTypedArray();
      input.delete();
      output.delete();
      return y;
    },
  };
}
