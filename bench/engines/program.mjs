// What every engine runs: each case's outputs are computed in several ways, and only their hashes go back.
// All ways of one case compute the same numbers, so that in the simd build their hashes are equal everywhere.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** FNV-1a over the bits, twice with different starts: 16 hexadecimal digits. */
export function hashOf(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const half = (start) => {
    let hash = start;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
    return (hash >>> 0).toString(16).padStart(8, "0");
  };
  return half(0x811c9dc5) + half(0x1234567);
}

function joined(arrays) {
  const whole = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}

/** Timesteps from `from` to `to` of [batch, timesteps, …], or of an output back into it with `into`. */
function slice(data, [batch, timesteps], from, to, into) {
  const width = (into ?? data).length / batch / timesteps;
  const part = into ? data : new data.constructor(batch * (to - from) * width);
  for (let b = 0; b < batch; b++) {
    const at = (b * timesteps + from) * width;
    const length = (to - from) * width;
    if (into) into.set(part.subarray(b * length, (b + 1) * length), at);
    else part.set(data.subarray(at, at + length), b * length);
  }
  return part;
}

/** Steps and chunks through a session. */
function stream(model, { data, shape }) {
  const [batch, timesteps, ...rest] = shape;
  const session = model.createSession({ batch });
  let whole;
  let at = 0;
  for (const length of [1, 4, 1, 2, timesteps - 8]) {
    const part = slice(data, shape, at, at + length);
    const y = length === 1 ? session.step(part) : session.process({ data: part, shape: [batch, length, ...rest] }).data;
    whole ??= new Float32Array((y.length / length) * timesteps);
    slice(y, shape, at, at + length, whole);
    at += length;
  }
  return whole;
}

function oneByOne(model, { data, shape }) {
  const [batch, ...rest] = shape;
  const width = data.length / batch;
  const row = (b) => model.predict({ data: data.slice(b * width, (b + 1) * width), shape: [1, ...rest] }).data;
  return joined(Array.from({ length: batch }, (_, b) => row(b)));
}

async function inWorkers(model, x) {
  const parallel = model.parallel({ workers: 2, minimumWork: 0 });
  try {
    return (await parallel.predict(x)).data;
  } finally {
    parallel.dispose();
  }
}

async function runCase({ files, keras, h5, input, streams }, { library, options, workers }) {
  const parts = { json: bytesOf(files["model.json"]), weights: bytesOf(files["weights.safetensors"]) };
  const bytes = bytesOf(input.data);
  const data = input.dtype === "int32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
  const x = { data, shape: input.shape };
  const model = await library.loadModel(parts, options);
  const ways = {
    "batch 32": () => model.predict(x).data,
    "batch 1": () => oneByOne(model, x),
    ...(streams ? { chunks: () => stream(model, x) } : {}),
    ...(workers ? { "2 workers": () => inWorkers(model, x) } : {}),
    ...(keras ? { ".keras": async () => (await library.loadModel(bytesOf(keras), options)).predict(x).data } : {}),
    ...(h5 ? { ".h5": async () => (await library.loadModel(bytesOf(h5), options)).predict(x).data } : {}),
  };
  return hashes(ways);
}

/** By way: the hash, or what went wrong. */
async function hashes(ways) {
  const answers = {};
  for (const [way, compute] of Object.entries(ways)) {
    try {
      answers[way] = hashOf(await compute());
    } catch (error) {
      answers[way] = `${error?.name}: ${error?.message}`;
    }
  }
  return answers;
}

/** First weights from a seed, then four steps of training: the weights afterwards. */
async function train({ sequential, lstm, dense, input }, options) {
  const model = sequential([input([null, 3]), lstm(10), dense(2)], { seed: 5, ...options });
  const first = joined(model.getWeights().map(({ data }) => data));
  const count = 16;
  const numbers = (length, scale) => Float32Array.from({ length }, (_, i) => ((i * 7919) % 101) / scale - 0.5);
  model.compile({ loss: "mse", optimizer: "adam" });
  const x = { data: numbers(count * 6 * 3, 101), shape: [count, 6, 3] };
  const y = { data: numbers(count * 2, 77), shape: [count, 2] };
  await model.fit(x, y, { batchSize: 8, epochs: 2, shuffle: false });
  const after = joined(model.getWeights().map(({ data }) => data));
  if (after.every((value, i) => value === first[i])) throw new Error("training has changed nothing");
  return { first, after };
}

/**
 * @param library - The package's entry. @param training - Its entry "rnn-wasm/training".
 * @param settings - `workers`, `trains`: whether the engine can; `options` of loadModel go beside the build.
 * @returns by case and way, the hash or an error.
 */
export async function runProgram(library, training, cases, { workers = true, trains = true, options = {} } = {}) {
  const simd = options.module ? options : { build: "simd", ...options };
  const results = {};
  for (const entry of cases) results[entry.id] = await runCase(entry, { library, options: simd, workers });
  if (trains) {
    results["Training"] = await hashes({
      "first weights": async () => (await train(training, simd)).first,
      "after 4 steps": async () => (await train(training, simd)).after,
    });
  }
  return { results, build: options.module ? "simd, given" : library.runtimeInfo().build };
}
