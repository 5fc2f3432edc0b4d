import { type Shape, sizeOf } from "../tensor.ts";
import type { Weight } from "./layer.ts";

/** What shares a scale: the columns of a kernel, the rows of a table. */
export type QuantizedAxis = "column" | "row";

/** A matrix as int8 with one float32 scale a column or row: w = value · scale, values in −127..127. */
export interface Quantized {
  readonly axis: QuantizedAxis;
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** Kernels with more rows stay float32: the int8 products sum in 32 bits. */
export const MAX_QUANTIZED_ROWS = 100_000;

/** Columns of a matrix: its last axis. */
function columnsOf(shape: Shape): number {
  return shape.at(-1) ?? 1;
}

/** Scales that a matrix of this shape has. */
export function scaleCount(shape: Shape, axis: QuantizedAxis): number {
  return axis === "column" ? columnsOf(shape) : sizeOf(shape.slice(0, -1));
}

/** True if an array of this shape can be kept as int8. */
export function isQuantizable(shape: Shape, axis: QuantizedAxis): boolean {
  return shape.length === 2 && (axis === "row" || shape[0]! <= MAX_QUANTIZED_ROWS);
}

/** Symmetric int8: scale = max|w| / 127, value = round(w / scale). A column with a NaN or an infinity becomes NaN. */
export function quantize(data: Float32Array, shape: Shape, axis: QuantizedAxis): Quantized {
  const columns = columnsOf(shape);
  const scales = new Float32Array(scaleCount(shape, axis));
  const slot = (i: number) => (axis === "column" ? i % columns : Math.floor(i / columns));
  for (let i = 0; i < data.length; i++) {
    const at = slot(i);
    scales[at] = Math.max(scales[at]!, Math.abs(data[i]!));
  }
  for (let at = 0; at < scales.length; at++) scales[at] = scales[at]! / 127;
  const values = new Int8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const scale = scales[slot(i)]!;
    // A subnormal scale is too coarse for its quotient to stay within ±127.
    if (scale > 0) values[i] = Math.max(-127, Math.min(127, Math.round(data[i]! / scale)));
  }
  return { axis, values, scales };
}

/** The float32 numbers that quantised ones stand for. */
export function dequantize({ axis, values, scales }: Quantized, shape: Shape): Float32Array {
  const columns = columnsOf(shape);
  const data = new Float32Array(values.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = values[i]! * scales[axis === "column" ? i % columns : Math.floor(i / columns)]!;
  }
  return data;
}

/**
 * A weight kept as int8. Its float32 `data` is made when something asks for it (training, other formats); new data is
 * rounded to int8: a quantised model stays one.
 */
export class QuantizedWeight implements Weight {
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  #quantized: Quantized;
  #data: Float32Array | undefined;

  constructor(spec: Pick<Weight, "name" | "shape" | "trainable">, quantized: Quantized) {
    this.name = spec.name;
    this.shape = spec.shape;
    this.trainable = spec.trainable;
    this.#quantized = quantized;
  }

  get quantized(): Quantized {
    return this.#quantized;
  }

  get data(): Float32Array {
    this.#data ??= dequantize(this.#quantized, this.shape);
    return this.#data;
  }

  set data(data: Float32Array) {
    this.#quantized = quantize(data, this.shape, this.#quantized.axis);
    this.#data = undefined;
  }
}
