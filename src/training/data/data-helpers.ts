import { OptionError, ShapeError } from "../../errors.ts";
import { type Tensor, type TensorLike, toTensor } from "../../tensor.ts";
import { namedOptions, type OptionNames } from "../options/option-names.ts";
import { floats } from "./batch-targets.ts";
import { rowsOf } from "./dataset.ts";
import { epochOrder } from "./shuffle.ts";

/**
 * One-hot rows of class numbers, as Keras' `to_categorical`.
 *
 * @param numClasses - One more than the greatest label unless given.
 * @throws {OptionError} If a label is no whole number from 0 to numClasses − 1.
 * @example
 * toCategorical([0, 2]); // [[1, 0, 0], [0, 0, 1]]
 */
export function toCategorical(labels: TensorLike, numClasses?: number): Tensor {
  const tensor = toTensor(labels, "labels");
  const values = floats(tensor, "labels");
  const width = numClasses ?? values.reduce((most, label) => Math.max(most, label + 1), 0);
  const data = new Float32Array(values.length * width);
  values.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= width) {
      throw new OptionError(`toCategorical: the label ${label} is not a whole number from 0 to ${width - 1}.`);
    }
    data[i * width + label] = 1;
  });
  const shape = tensor.shape.at(-1) === 1 && tensor.shape.length > 1 ? tensor.shape.slice(0, -1) : tensor.shape;
  return { data, shape: [...shape, width] };
}

/** Options of {@link trainTestSplit}; scikit-learn's own spellings are taken as well. */
export interface SplitOptions {
  /** The test part's share, 0.25 by default, or from 1 on its number of samples. */
  readonly testSize?: number;
  /** 0 by default; scikit-learn's `random_state`. */
  readonly seed?: number;
  /** False keeps the order: the last samples are the test part. */
  readonly shuffle?: boolean;
  readonly [key: string]: unknown;
}

const SPLIT: OptionNames = {
  call: "trainTestSplit",
  known: ["testSize", "seed", "shuffle"],
  spellings: { test_size: "testSize", random_state: "seed", randomState: "seed" },
};

/**
 * Splits samples into a training and a test part, shuffled by seed.
 *
 * @throws {ShapeError} If x and y differ in their number of samples.
 * @throws {OptionError} If an option is unknown, or a part would hold no sample.
 * @example
 * const { xTrain, xTest, yTrain, yTest } = trainTestSplit(x, y, { testSize: 0.2, seed: 1 });
 */
export function trainTestSplit(
  x: TensorLike,
  y: TensorLike,
  given: SplitOptions = {},
): { xTrain: Tensor; xTest: Tensor; yTrain: Tensor; yTest: Tensor } {
  const { testSize = 0.25, seed = 0, shuffle = true } = namedOptions(SPLIT, given).options as SplitOptions;
  const [a, b] = [toTensor(x, "x"), toTensor(y, "y")];
  const length = a.shape[0] ?? 0;
  if (b.shape[0] !== length) throw new ShapeError(`x has ${length} samples, y ${b.shape[0]}.`);
  const count = testSize < 1 ? Math.ceil(length * testSize) : testSize;
  if (!(Number.isInteger(count) && count > 0 && count < length)) {
    throw new OptionError(
      `trainTestSplit: \`testSize\` must be between 0 and 1, or a number of the ${length} samples; got ${testSize}.`,
    );
  }
  const order = shuffle ? epochOrder(length, seed, 0) : Uint32Array.from({ length }, (_, i) => i);
  const kept = length - count;
  const [train, test] = [order.subarray(0, kept), order.subarray(kept)];
  return { xTrain: rowsOf(a, train), xTest: rowsOf(a, test), yTrain: rowsOf(b, train), yTest: rowsOf(b, test) };
}
