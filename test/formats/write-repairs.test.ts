import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { goldenIndex, hasGoldens, readCase, sourceOf } from "../support/goldens.ts";
import { runLoaded } from "../support/run-golden.ts";

/** What Keras 3 has no words for, or other rules, and is written by what it does have: one case of each. */
const CASES = [
  ["keras-1.0.5-theano/batchnorm", "a stored deviation"],
  ["keras-1.2.2-theano/activations-lstm-hard_sigmoid-linear", "the old hard_sigmoid on a cell's state"],
  ["keras-1.2.2-theano/batchnorm-mode2", "statistics of each batch"],
  ["keras-1.2.2-theano/conv-lstm2d-th-valid", "an even kernel padded as Theano does, channels first"],
  ["keras-1.2.2-theano/conv1d-same5-stride3", "Theano's padding under strides"],
  ["keras-1.2.2-theano/highway", "Highway"],
  ["keras-1.2.2-theano/locally-connected1d", "LocallyConnected1D"],
  ["keras-1.2.2-theano/maxout-dense", "MaxoutDense"],
  ["keras-1.2.2-theano/merge-cos-axis1", "the cosine that keeps an axis"],
  ["keras-1.2.2-theano/parametric-softplus", "ParametricSoftplus"],
  ["keras-1.2.2-theano/pooling-avg-same4", "an average of real cells, padded as Theano does"],
  ["keras-1.2.2-theano/pooling-max-same", "a maximum, padded as Theano does"],
  ["keras-1.2.2-theano/srelu", "SReLU"],
  ["keras-2.1.6-theano/rnn-cell-lstm", "states of stacked cells, last cell first"],
  ["keras-2.2.4-tensorflow/mask-first-stacked-cells", "the lowest cell's output at masked steps"],
  ["keras-2.2.4-tensorflow/mask-first-stateful-lstm", "a kept state put out at masked first steps"],
  ["keras-2.2.4-tensorflow/seq2seq-masked", "given states put out at masked first steps"],
  ["keras-2.3.1-tensorflow/bidirectional-masked-modes", "repeated outputs in all modes of Bidirectional"],
  ["keras-2.3.1-tensorflow/merge-masks-concatenate", "masks side by side"],
  ["keras-2.3.1-tensorflow/time-distributed-masked-lstm", "each step's own mask"],
  ["keras-2.3.1-theano/nested-bidirectional-masked", "a mask that enters a nested model"],
  ["tf-keras-1.13/classic-sentiment", "zeros for a masked last step"],
  ["tf-keras-2.12/bidirectional-backward-layer", "a backward layer of another size"],
  ["tf-keras-2.12/multi-head-attention-masks", "tf.keras' masks of attention"],
  ["tf-keras-2.15/lstm-time-major-masks", "steps first, with masks"],
  ["tf-keras-2.15/mask-merge-and", "masks joined by and"],
  ["tf-keras-2.15/op-named-math", "products of transposed matrices"],
  ["tf-keras-2.15/rnn-cells-masks-stateful", "stacked cells that keep states"],
  ["tf-keras-2.15/text-vectorization-modes", "a weight of its own for unknown tokens"],
] as const;

// Real Keras reads the same files in `npm run test:keras -- --goldens`; here they come back under Keras 3's rules.
describe.runIf(hasGoldens)("repaired files", () => {
  const folders = new Map(goldenIndex("predict").map(({ id, folder }) => [id, folder]));

  it.each(CASES)("%s: %s", async (id) => {
    const folder = folders.get(id)!;
    const golden = readCase(folder);
    const model = await loadModel(sourceOf(folder, golden.models[0]!));
    const { files } = await model.export("keras");
    model.dispose();
    const again = await loadModel(files[".keras"]!);
    expect(again.profile.era).toBe("keras3");
    expect(runLoaded(again, golden)).toBeUndefined();
    again.dispose();
  });
});
