// This package through its public interface only: dist/ as it is published.
const distribution = new URL("../../../dist/platform/training-node.js", import.meta.url);

/** @param options - `build` forces a build; `dropout` is the rate of both dropouts; `workers` > 1 shares the batches. */
export async function create({ batch, timesteps, x, y, weights }, { build, dropout = 0, workers = 1 }) {
  const { dense, embedding, lstm, sequential } = await import(distribution);
  const model = sequential([
    embedding(weights[0].shape[0], weights[0].shape[1], { inputLength: timesteps }),
    lstm(weights[2].shape[0], { dropout, recurrentDropout: dropout }),
    dense(1, { activation: "sigmoid" }),
  ]);
  model.setWeights(weights);
  model.compile({ loss: "binary_crossentropy", optimizer: "adam", ...(build && { build }) });
  const shared = workers > 1 ? { workers } : {};
  return {
    version: `${build ?? model.runtime.build}${workers > 1 ? `, ${workers} threads` : ""}`,
    async loss(ids, labels) {
      const { loss } = await model.trainOnBatch(
        { data: ids, shape: [batch, timesteps] },
        { data: labels, shape: [batch, 1] },
      );
      return loss;
    },
    epoch: (samples) =>
      model.fit(
        { data: x.subarray(0, samples * timesteps), shape: [samples, timesteps] },
        { data: y.subarray(0, samples), shape: [samples, 1] },
        { batchSize: batch, epochs: 1, shuffle: false, ...shared },
      ),
  };
}
