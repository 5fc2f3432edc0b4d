import { ShapeError } from "./errors.ts";

/** What a tensor's elements are. `bool` is one byte an element inside the kernels, 0 or 1 in an Int32Array outside. */
export type DType = "float32" | "int32" | "bool" | "string";

/** Sizes from the outermost dimension in; batch first. */
export type Shape = readonly number[];

/** A shape as a model declares it: `null` where any size is taken (batch, timesteps). */
export type OpenShape = readonly (number | null)[];

/** A dense row-major array of numbers or strings. `data.length` is the product of `shape`. */
export interface Tensor {
  readonly data: Float32Array | Int32Array | string[];
  readonly shape: Shape;
}

/** Nested arrays of numbers, booleans or strings, all rows of one length: `[[1, 2], [3, 4]]`. */
export type NestedArray = number | boolean | string | readonly (NestedArray | Float32Array | Int32Array)[];

/**
 * A typed array as a tensor of one axis: targets, sample weights. Other numbers than float32 and int32 are converted to
 * what is wanted: whole numbers beyond 2^24 stay exact where int32 is.
 */
export type Numbers1D =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** A tensor of other numbers: they are converted, as {@link Numbers1D} are. */
export interface NumbersTensor {
  readonly data: Numbers1D | readonly number[];
  readonly shape: Shape;
}

/** What `predict` and the training calls accept in place of a tensor. */
export type TensorLike = Tensor | NumbersTensor | NestedArray | Numbers1D;

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** `[2, 3, null]` as people read it: `[2, 3, any]`. */
export function formatShape(shape: OpenShape): string {
  return `[${shape.map((n) => n ?? "any").join(", ")}]`;
}

/** True for an object with `data` and a `shape`. */
export function isTensor(value: unknown): value is Tensor | NumbersTensor {
  if (typeof value !== "object" || value === null || !("data" in value) || !("shape" in value)) return false;
  const { data, shape } = value;
  return (isNumbers(data) || Array.isArray(data)) && Array.isArray(shape);
}

/**
 * Turns nested arrays into a tensor; a tensor is checked and returned as it is.
 *
 * @param name - How error messages call the value.
 * @param dtype - What numbers without a type of their own become: "int32" keeps ids beyond 2^24 exact.
 * @throws {ShapeError} If rows differ in length, kinds mix, or a tensor's data does not fill its shape.
 * @example
 * toTensor([[1, 2, 3]]); // { data: Float32Array [1, 2, 3], shape: [1, 3] }
 */
export function toTensor(value: TensorLike, name = "input", dtype: DType = "float32"): Tensor {
  if (isTensor(value)) {
    if (!value.shape.every((n) => Number.isInteger(n) && n >= 0)) {
      throw new ShapeError(`\`${name}\` has the shape [${value.shape.join(", ")}]: sizes must be whole numbers ≥ 0.`);
    }
    if (value.data.length !== sizeOf(value.shape)) {
      throw new ShapeError(
        `\`${name}\` has ${value.data.length} elements, but its shape ${formatShape(value.shape)} holds ${sizeOf(value.shape)}.`,
      );
    }
    const { data, shape } = value;
    if (Array.isArray(data) && typeof data[0] !== "number") return value as Tensor;
    const numbers = asNumbers(data as ArrayLike<number>, dtype);
    return numbers === data ? (value as Tensor) : { data: numbers, shape };
  }
  if (isNumbers(value)) return { data: asNumbers(value, dtype), shape: [value.length] };
  if (!Array.isArray(value) && typeof value === "object") {
    throw new ShapeError(`\`${name}\` must be nested arrays or { data: number[] | string[], shape: number[] }.`);
  }
  if (value === undefined || value === null) throw new ShapeError(`\`${name}\` is missing.`);
  return fromNested(value as NestedArray, name, dtype);
}

/** Only whole numbers become an Int32Array: whoever gets the others can tell what is wrong with them. */
function asNumbers(values: ArrayLike<number>, dtype: DType): Float32Array | Int32Array {
  if (values instanceof Float32Array || values instanceof Int32Array) return values;
  const wanted = dtype === "int32" ? Int32Array.from(values) : undefined;
  return wanted?.every((value, i) => value === values[i]) ? wanted : Float32Array.from(values);
}

/** True for a typed array of numbers: a tensor of one axis. */
export function isNumbers(value: unknown): value is Numbers1D {
  return ArrayBuffer.isView(value) && "length" in value && typeof (value as Numbers1D)[0] !== "bigint";
}

/** Rows may be typed arrays. */
function isRow(value: unknown): value is readonly NestedArray[] {
  return Array.isArray(value) || isNumbers(value);
}

function fromNested(value: NestedArray, name: string, dtype: DType): Tensor {
  const shape: number[] = [];
  let first: NestedArray | undefined = value;
  while (isRow(first)) {
    shape.push(first.length);
    first = first[0];
  }
  const flat: (number | string)[] = [];
  fill(value, shape, 0, flat, name);
  if (typeof first === "string") return { data: flat as string[], shape };
  return { data: asNumbers(flat as number[], dtype), shape };
}

function fill(value: NestedArray, shape: number[], depth: number, flat: (number | string)[], name: string): void {
  if (depth === shape.length) {
    const kind = typeof value;
    if (kind !== "number" && kind !== "boolean" && kind !== "string") {
      throw new ShapeError(
        `\`${name}\`: rows differ in depth; expected numbers at depth ${depth}, got ${String(value)}.`,
      );
    }
    if (flat.length > 0 && (typeof flat[0] === "string") !== (kind === "string")) {
      throw new ShapeError(`\`${name}\` mixes numbers and strings.`);
    }
    flat.push(kind === "boolean" ? Number(value) : (value as number | string));
    return;
  }
  if (!isRow(value) || value.length !== shape[depth]) {
    const got = isRow(value) ? `a row of ${value.length}` : String(value);
    throw new ShapeError(
      `\`${name}\`: rows differ in length; expected ${shape[depth]} elements at depth ${depth}, got ${got}. Pad the sequences to one length (padSequences).`,
    );
  }
  for (const item of value) fill(item, shape, depth + 1, flat, name);
}
