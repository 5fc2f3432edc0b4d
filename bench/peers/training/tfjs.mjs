// TensorFlow.js trains through its own `trainOnBatch`; its backends in Node without native code are "cpu" and "wasm".
import { createRequire } from "node:module";
import { installedVersion } from "../installed.mjs";

const require = createRequire(import.meta.url);

export async function create({ batch, timesteps, x, y, weights }, { backend }) {
  const tf = require("@tensorflow/tfjs-core");
  const { layers, sequential } = require("@tensorflow/tfjs-layers");
  require(backend === "wasm" ? "@tensorflow/tfjs-backend-wasm" : "@tensorflow/tfjs-backend-cpu");
  await tf.setBackend(backend);
  await tf.ready();
  const model = sequential();
  const [inputDim, outputDim] = weights[0].shape;
  const units = weights[2].shape[0];
  // Its orthogonal start takes seconds and is overwritten at once.
  const start = { recurrentInitializer: "glorotUniform", recurrentActivation: "sigmoid" };
  model.add(layers.embedding({ inputDim, outputDim, inputLength: timesteps }));
  model.add(layers.lstm({ units, ...start }));
  model.add(layers.dense({ units: 1, activation: "sigmoid" }));
  model.setWeights(weights.map(({ data, shape }) => tf.tensor(data, shape)));
  model.compile({ optimizer: tf.train.adam(0.001), loss: "binaryCrossentropy" });
  const loss = async (ids, labels) => {
    const input = tf.tensor(ids, [labels.length, timesteps], "int32");
    const target = tf.tensor(labels, [labels.length, 1]);
    const value = await model.trainOnBatch(input, target);
    input.dispose();
    target.dispose();
    return value;
  };
  return {
    version: installedVersion("@tensorflow/tfjs-core"),
    loss,
    async epoch(samples) {
      for (let at = 0; at < samples; at += batch) {
        await loss(x.subarray(at * timesteps, (at + batch) * timesteps), y.subarray(at, at + batch));
      }
    },
  };
}
