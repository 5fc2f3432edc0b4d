// brain.js: its "LSTM" has no cell state and there are no batches, so its outputs cannot agree and only its time is
// shown: the same sizes, rows one after another, its own output layer on every step included.
import { createRequire } from "node:module";
import { installedVersion } from "./installed.mjs";

const require = createRequire(import.meta.url);

export async function create(workload) {
  const brain = require("brain.js");
  const { batch, timesteps, features, layers } = workload;
  const { type, units } = layers[0];
  const kinds = { LSTM: "LSTMTimeStep", GRU: "GRUTimeStep", SimpleRNN: "RNNTimeStep" };
  const net = new brain.recurrent[kinds[type]]({ inputSize: features, outputSize: features, hiddenLayers: [units] });
  const zero = features === 1 ? 0 : new Array(features).fill(0);
  net.train([[zero, zero]], { iterations: 1, errorThresh: 0 }); // it runs only after a training
  const prepare = (data) =>
    Array.from({ length: batch }, (_, b) =>
      Array.from({ length: timesteps }, (_, t) => {
        const at = (b * timesteps + t) * features;
        return features === 1 ? data[at] : data.subarray(at, at + features);
      }),
    );
  return {
    version: installedVersion("brain.js"),
    prepare,
    run(rows) {
      const out = new Float32Array(rows.length * features);
      rows.forEach((row, b) => {
        const y = net.run(row);
        if (typeof y === "number") out[b] = y;
        else out.set(y, b * features);
      });
      return out;
    },
  };
}
