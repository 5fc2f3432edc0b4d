// TensorFlow.js: layers models, in the page and in Node. Its GRU refuses reset_after, so it runs the form that resets
// before the recurrent product and is compared with that equation.
import { createRequire } from "node:module";
import { installedVersion } from "./installed.mjs";

const require = createRequire(import.meta.url);

/** In Node the CommonJS builds are used: they find their .wasm files by themselves. */
async function openNode(backend) {
  const tf = require("@tensorflow/tfjs-core");
  const { layers, sequential } = require("@tensorflow/tfjs-layers");
  require(backend === "wasm" ? "@tensorflow/tfjs-backend-wasm" : "@tensorflow/tfjs-backend-cpu");
  await tf.setBackend(backend);
  await tf.ready();
  return { tf, layers, sequential, version: installedVersion("@tensorflow/tfjs-core") };
}

/** GRU's two biases count as one sum in the form that resets before. */
function biasOf({ type, units }, { data }) {
  if (type !== "GRU") return data;
  return Float32Array.from({ length: 3 * units }, (_, i) => data[i] + data[3 * units + i]);
}

function layerOf(layers, layer, input) {
  const { type, units, inputs, returnSequences, bidirectional } = layer;
  if (type === "Embedding") return layers.embedding({ inputDim: inputs, outputDim: units, ...input });
  if (type === "Dense") return layers.dense({ units, activation: "sigmoid", ...input });
  // Its orthogonal start takes seconds and is overwritten at once.
  const start = { recurrentInitializer: "glorotUniform" };
  const options = { units, returnSequences, ...start, ...(type !== "SimpleRNN" && { recurrentActivation: "sigmoid" }) };
  const make = { LSTM: layers.lstm, GRU: layers.gru, SimpleRNN: layers.simpleRNN }[type];
  if (!bidirectional) return make({ ...options, ...input });
  return layers.bidirectional({ layer: make(options), mergeMode: "concat", ...input });
}

function tensorsOf(tf, layer) {
  return layer.weights.map((weight) =>
    weight.name === "bias" && layer.type === "GRU"
      ? tf.tensor(biasOf(layer, weight), [3 * layer.units])
      : tf.tensor(weight.data, weight.shape),
  );
}

export async function create(workload, { backend = "wasm" }) {
  const { tf, layers, sequential, version } = await openNode(backend);
  const { batch, timesteps, features } = workload;
  if (workload.kind === "step") return createStep(tf, layers, version, workload);
  const model = sequential();
  workload.layers.forEach((layer, i) => {
    const batchInputShape = features === 0 ? [batch, timesteps] : [batch, timesteps, features];
    const input = i === 0 ? { batchInputShape, ...(features === 0 && { inputLength: timesteps }) } : {};
    model.add(layerOf(layers, layer, input));
  });
  model.setWeights(workload.layers.flatMap((layer) => tensorsOf(tf, layer)));
  const shape = features === 0 ? [batch, timesteps] : [batch, timesteps, features];
  return {
    version,
    run(data) {
      const x = tf.tensor(data, shape, features === 0 ? "int32" : "float32");
      const y = model.predict(x);
      const out = y.dataSync();
      x.dispose();
      y.dispose();
      return out;
    },
  };
}

/** The leanest way to a single step: the cell itself, states kept as tensors. */
function createStep(tf, layers, version, { layers: [layer] }) {
  const { units } = layer;
  const cell = layers.lstmCell({ units, recurrentActivation: "sigmoid", recurrentInitializer: "glorotUniform" });
  cell.build([1, units]);
  cell.built = true;
  cell.setWeights(tensorsOf(tf, layer));
  let states = [tf.zeros([1, units]), tf.zeros([1, units])];
  return {
    version,
    reset() {
      for (const state of states) state.dispose();
      states = [tf.zeros([1, units]), tf.zeros([1, units])];
    },
    run(data) {
      const next = tf.tidy(() => cell.call([tf.tensor(data, [1, units]), ...states], {}).slice(1));
      for (const state of states) state.dispose();
      states = next;
      return states[0].dataSync();
    },
  };
}
