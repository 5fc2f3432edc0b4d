import { UnsupportedLayerError } from "../../errors.ts";
import { real } from "../../layers/config.ts";
import type { Layer } from "../../layers/layer.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import { binary } from "../../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import type { Tape } from "../tape.ts";

/** A matrix of a batch: where the next row, column, inner and outer matrix lie, in elements. */
interface Matrices {
  readonly value: Value;
  readonly outer: number;
  readonly inner: number;
  readonly row: number;
  readonly column: number;
}

const turned = (m: Matrices): Matrices => ({ ...m, row: m.column, column: m.row });

function multiply(
  tape: Tape,
  c: Matrices,
  a: Matrices,
  b: Matrices,
  sizes: { outer: number; inner: number; rows: number; depth: number; columns: number },
): void {
  tape.emit("batchProduct", {
    c: c.value,
    cOuter: c.outer,
    cInner: c.inner,
    cRow: c.row,
    a: a.value,
    aOuter: a.outer,
    aInner: a.inner,
    aRow: a.row,
    aColumn: a.column,
    b: b.value,
    bOuter: b.outer,
    bInner: b.inner,
    bRow: b.row,
    bColumn: b.column,
    ...sizes,
  });
}

/** [batch, steps, heads · width] with heads side by side. */
function heads(value: Value, count: number): Matrices {
  const [, steps, all] = value.shape as [number, number, number];
  return { value, outer: steps * all, inner: all / count, row: all, column: 1 };
}

/** [batch, heads, queries, keys]. */
function square(value: Value, count: number): Matrices {
  const [queries, keys] = value.shape.slice(-2) as [number, number];
  return { value, outer: count * queries * keys, inner: queries * keys, row: keys, column: 1 };
}

/** A mask of [batch, steps] as the kernels take it; 0 for none. @throws {UnsupportedLayerError} If it has other axes. */
export function bytes(mask: Value | undefined, owner: Layer): Value | 0 {
  if (!mask) return 0;
  if (mask.dtype === "bool" && mask.shape.length === 2) return mask;
  throw new UnsupportedLayerError(`${owner}: only masks of [batch, steps] can be trained through here.`);
}

/** What stands between scores and the sum of values. */
interface Sharing {
  readonly keyMask: Value | 0;
  readonly queryMask: Value | 0;
  readonly causal: number;
  /** Factors of the shares, with broadcasting: dropout's, and 0 where a look is forbidden. */
  readonly factors?: Value | undefined;
}

/** softmax(s) · v and the way back to s and v. */
export function attend(tape: Tape, s: Value, v: Value, count: number, { factors, ...masks }: Sharing) {
  const [batch, queries, keys] = [s.shape[0]!, s.shape.at(-2)!, s.shape.at(-1)!];
  const softmax = tape.tensor(s.shape);
  tape.emit("attentionWeights", { p: softmax, s, ...masks, batch, heads: count, queries, keys });
  const p = factors ? binary(tape.p, "multiply", softmax, factors) : softmax;
  const width = v.shape[2]! / count;
  const y = tape.tensor([batch, queries, v.shape[2]!]);
  const sizes = { outer: batch, inner: count };
  multiply(tape, heads(y, count), square(p, count), heads(v, count), {
    ...sizes,
    rows: queries,
    depth: keys,
    columns: width,
  });
  return {
    y,
    shares: p,
    /** @param dShares - The gradient of the shares themselves, where they are an output, too. */
    backward(dy: Value, dShares?: Value): { ds: Value; dv: Value } {
      const fromSum = tape.tensor(s.shape);
      const back = { ...sizes, rows: queries, depth: width, columns: keys };
      multiply(tape, square(fromSum, count), heads(dy, count), turned(heads(v, count)), back);
      const dv = tape.tensor(v.shape);
      const across = { ...sizes, rows: keys, depth: queries, columns: width };
      multiply(tape, heads(dv, count), turned(square(p, count)), heads(dy, count), across);
      const all = dShares ? binary(tape.p, "add", fromSum, reshaped(dShares, s.shape)) : fromSum;
      const dp = factors ? binary(tape.p, "multiply", all, factors) : all;
      const ds = tape.tensor(s.shape);
      tape.emit("softmaxGradient", { dx: ds, dy: dp, y: softmax, rows: sizeOf(s.shape) / keys, width: keys, isLog: 0 });
      return { ds, dv };
    },
  };
}

/** Dropout's factors of shares; undefined where none are dropped. */
export function droppedShares(tape: Tape, layer: Layer, shape: Shape): Value | undefined {
  const rate = real(layer, layer.config, "dropout", 0);
  if (!tape.random || rate === 0) return undefined;
  return { ...tape.random.mask(tape, sizeOf(shape), rate), shape, dtype: "float32" };
}

/** q · kᵀ of every head and the way back. */
export function scores(tape: Tape, q: Value, k: Value, count: number) {
  const [batch, queries, keys] = [q.shape[0]!, q.shape[1]!, k.shape[1]!];
  const width = q.shape[2]! / count;
  const s = tape.tensor([batch, count, queries, keys]);
  const sizes = { outer: batch, inner: count };
  const there = { ...sizes, rows: queries, depth: width, columns: keys };
  multiply(tape, square(s, count), heads(q, count), turned(heads(k, count)), there);
  return {
    s,
    backward(ds: Value): { dq: Value; dk: Value } {
      const dq = tape.tensor(q.shape);
      multiply(tape, heads(dq, count), square(ds, count), heads(k, count), {
        ...sizes,
        rows: queries,
        depth: keys,
        columns: width,
      });
      const dk = tape.tensor(k.shape);
      const across = { ...sizes, rows: keys, depth: queries, columns: width };
      multiply(tape, heads(dk, count), turned(square(ds, count)), heads(q, count), across);
      return { dq, dk };
    },
  };
}
