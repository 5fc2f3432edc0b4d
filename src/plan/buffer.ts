import type { DType, Shape } from "../tensor.ts";

/**
 * A piece of linear memory that does not know its address yet.
 *
 * Scratch buffers live from the first operation that names them to the last; the planner gives buffers whose lives do
 * not meet the same bytes. Persistent buffers (weights, state) have a fixed address.
 */
export interface PlanBuffer {
  readonly bytes: number;
  /** Address of a persistent buffer; undefined for scratch. */
  address: number | undefined;
  /** Index of the first and last operation that names a scratch buffer; −1 while none does. */
  first: number;
  last: number;
  /** Byte offset from the scratch base, known once the plan is finished. */
  offset: number;
}

/** A place inside a buffer, in bytes. */
export interface Place {
  readonly buffer: PlanBuffer;
  readonly offset: number;
}

/**
 * A tensor of a plan: dense, row-major, with a concrete shape.
 *
 * float32 and int32 take four bytes an element, bool one. A string tensor has no bytes: it carries its elements, and
 * the layers that take strings compute while the plan is made.
 */
export interface Value extends Place {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Keras' mask of the leading axes (mostly [batch, timesteps]), a bool tensor; 0 marks a step to skip. */
  readonly mask?: Value | undefined;
  /** Of a mask that an attention layer has taken off: layers that get masks as an argument see it, others do not. */
  readonly taken?: boolean;
  readonly strings?: readonly string[];
  /** What the rows on the last axis are copies of, if they come from a table. */
  readonly gathered?: GatheredRows;
}

/** The table behind a value that was made by row numbers: what is computed per row need not be computed per copy. */
export interface GatheredRows {
  /** The value itself; another value that carries this by accident is told by it. */
  readonly of: Place & { readonly shape: Shape };
  /** The table, [rows, width]; the same object for every value of its rows. */
  readonly table: { readonly shape: Shape };
  /** Writes what a row holds at the moment into `target` from element `at` on. */
  readonly read: (row: number, target: Float32Array, at: number) => void;
  /** int32, the leading axes of the value: which row of the table each is. */
  readonly numbers: Value;
}

/** Bytes of one element in linear memory. */
export function bytesOf(dtype: DType): number {
  return dtype === "bool" ? 1 : dtype === "string" ? 0 : 4;
}

/** The same elements under another shape of the same size; the mask is dropped. */
export function reshaped(value: Value, shape: Shape): Value {
  return { ...value, shape, mask: undefined };
}

/** The same tensor with another mask, or none. */
export function withMask(value: Value, mask: Value | undefined): Value {
  return { ...value, mask };
}
