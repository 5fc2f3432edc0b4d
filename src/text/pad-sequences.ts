import { OptionError, ShapeError } from "../errors.ts";
import { formatShape, type NestedArray, type Shape, sizeOf, type Tensor } from "../tensor.ts";

/** One sequence: numbers or strings, or rows of them when each step has features. */
export type PaddableSequence = ArrayLike<number> | readonly NestedArray[];

/** Keras' arguments of `pad_sequences`, with Keras' defaults. */
export interface PadSequencesOptions {
  /** Steps of the result; unless given, those of the longest sequence. */
  maxlen?: number | null;
  /** Unless given `int32`: fractions are cut off, as Keras does. */
  dtype?: "int32" | "float32" | "string";
  /** Where short sequences are filled up: before (unless given) or after. */
  padding?: "pre" | "post";
  /** Where long sequences lose steps: `pre` (unless given) keeps the last `maxlen`. */
  truncating?: "pre" | "post";
  /** What fills up; 0 unless given, or the empty string for the dtype `string`. */
  value?: number | string;
}

/**
 * Keras' `pad_sequences`: brings sequences to one length.
 *
 * @returns A tensor `[sequences, maxlen]`, or `[sequences, maxlen, …features]`, in new memory.
 * @throws {OptionError} If an option is not one of those listed, or `value` does not fit `dtype`.
 * @throws {ShapeError} If steps differ in shape or are not of the dtype.
 * @example
 * padSequences([[1, 2, 3], [4]], { maxlen: 2 }); // { data: Int32Array [2, 3, 0, 4], shape: [2, 2] }
 */
export function padSequences(sequences: readonly PaddableSequence[], options: PadSequencesOptions = {}): Tensor {
  const { dtype = "int32", padding = "pre", truncating = "pre" } = options;
  const value = options.value ?? (dtype === "string" ? "" : 0);
  checkOneOf("dtype", dtype, ["int32", "float32", "string"]);
  checkOneOf("padding", padding, ["pre", "post"]);
  checkOneOf("truncating", truncating, ["pre", "post"]);
  if ((typeof value === "string") !== (dtype === "string")) {
    throw new OptionError(`\`value\` is ${JSON.stringify(value)}, which is no ${dtype}.`);
  }

  const stepShape = shapeOfSteps(sequences);
  const maxlen = options.maxlen ?? longest(sequences);
  if (options.maxlen != null && !(Number.isInteger(maxlen) && maxlen >= 1)) {
    throw new OptionError(`\`maxlen\` is ${maxlen}; it must be a whole number ≥ 1.`);
  }
  const stepSize = sizeOf(stepShape);
  const data = newData(dtype, sequences.length * maxlen * stepSize, value);

  for (const [row, sequence] of sequences.entries()) {
    const count = Math.min(sequence.length, maxlen);
    const from = truncating === "pre" ? sequence.length - count : 0;
    const to = row * maxlen + (padding === "pre" ? maxlen - count : 0);
    for (let step = 0; step < count; step++) {
      const where = () => `\`sequences[${row}][${from + step}]\``;
      writeStep(data, (to + step) * stepSize, sequence[from + step], stepShape, 0, where);
    }
  }
  return { data, shape: [sequences.length, maxlen, ...stepShape] };
}

function longest(sequences: readonly PaddableSequence[]): number {
  if (sequences.length === 0) throw new OptionError("There are no sequences to take `maxlen` from; give it.");
  let length = 0;
  for (const sequence of sequences) length = Math.max(length, sequence.length);
  return length;
}

function shapeOfSteps(sequences: readonly PaddableSequence[]): Shape {
  for (const [row, sequence] of sequences.entries()) {
    if (typeof sequence === "string" || typeof sequence?.length !== "number") {
      throw new ShapeError(`\`sequences[${row}]\` is no sequence, but ${JSON.stringify(sequence)}.`);
    }
  }
  const shape: number[] = [];
  let step: unknown = sequences.find((sequence) => sequence.length > 0)?.[0];
  while (isRow(step)) {
    shape.push(step.length);
    step = step[0];
  }
  return shape;
}

function isRow(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function newData(dtype: "int32" | "float32" | "string", size: number, value: number | string): Tensor["data"] {
  if (dtype === "string") return new Array<string>(size).fill(value as string);
  const data = dtype === "int32" ? new Int32Array(size) : new Float32Array(size);
  return data.fill(checkedNumber(data, value, () => "`value`"));
}

function writeStep(
  data: Tensor["data"],
  offset: number,
  value: unknown,
  shape: Shape,
  depth: number,
  where: () => string,
): void {
  if (depth === shape.length) {
    if (Array.isArray(data)) data[offset] = checkedString(value, where);
    else data[offset] = checkedNumber(data, value, where);
    return;
  }
  if (!isRow(value) || value.length !== shape[depth]) {
    const got = isRow(value) ? `${value.length} elements` : JSON.stringify(value);
    throw new ShapeError(`${where()} has ${got}; the first step's shape is ${formatShape(shape)}.`);
  }
  const size = sizeOf(shape.slice(depth + 1));
  for (let i = 0; i < value.length; i++) writeStep(data, offset + i * size, value[i], shape, depth + 1, where);
}

function checkedString(value: unknown, where: () => string): string {
  if (typeof value === "string") return value;
  throw new ShapeError(`${where()} is ${JSON.stringify(value)}; for the dtype \`string\` it must be a string.`);
}

function checkedNumber(data: Float32Array | Int32Array, value: unknown, where: () => string): number {
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number") {
    throw new ShapeError(`${where()} is ${JSON.stringify(value)}, not a number.`);
  }
  if (data instanceof Int32Array && !(number > -2147483649 && number < 2147483648)) {
    throw new ShapeError(`${where()} is ${number}, outside of int32; give \`dtype: "float32"\` if that is meant.`);
  }
  return number;
}

function checkOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new OptionError(`\`${name}\` is ${JSON.stringify(value)}; it must be ${allowed.join(" or ")}.`);
}
