import type { Place, Value } from "../plan/buffer.ts";
import type { KernelArg, Planner } from "../plan/planner.ts";
import { type Shape, sizeOf } from "../tensor.ts";
import { TRAINING_KERNELS, type TrainingKernelName } from "./kernels.ts";

/** Arguments of a training kernel by name. */
export type TrainingArgs<K extends TrainingKernelName> = {
  readonly [name in (typeof TRAINING_KERNELS)[K][number]]: KernelArg;
};

/** Appends training kernels to a plan, with the scratch memory that they need. */
export class KernelCalls {
  readonly p: Planner;

  constructor(p: Planner) {
    this.p = p;
  }

  /** Appends a training kernel. */
  emit<K extends TrainingKernelName>(kernel: K, args: TrainingArgs<K>): void {
    this.p.emitNamed(kernel, TRAINING_KERNELS[kernel], args as Readonly<Record<string, KernelArg>>);
  }

  tensor(shape: Shape): Value {
    return this.p.tensor(shape);
  }

  /**
   * y [rows, columns] = a [rows, depth] · b, b row-major [depth, columns] or, transposed, [columns, depth].
   *
   * `bias` [columns] comes first in every sum; with `accumulate` 1 what y holds does.
   */
  product(args: {
    y: Place;
    yStride?: number;
    a: Place;
    aStride?: number;
    b: Place;
    bStride?: number;
    transposed?: boolean;
    rows: number;
    depth: number;
    columns: number;
    bias?: Place | undefined;
    accumulate?: number;
    /** As many of the rows as one int32 says, which lie anywhere: row i of a is its row a[i], that of y and init y[i]. */
    named?: { readonly total: Place; readonly a: Place; readonly y: Place } | undefined;
  }): void {
    const { y, a, b, rows, depth, columns, bias, transposed = false } = args;
    const bStride = args.bStride ?? (transposed ? depth : columns);
    const cStride = args.yStride ?? columns;
    const panels = { buffer: this.p.buffer(productBytes(depth, columns)), offset: 0 };
    const strides = { rowStride: transposed ? 1 : bStride, columnStride: transposed ? bStride : 1 };
    this.emit("packProduct", { panels, source: b, depth, columns, ...strides });
    const init = args.accumulate ? { init: y, initStride: cStride } : { init: bias ?? 0, initStride: 0 };
    const aStride = args.aStride ?? depth;
    const common = { c: y, cStride, ...init, a, aStride, panels, depth, columns };
    const { named } = args;
    if (named) this.emit("productOfTotal", { ...common, total: named.total, aRows: named.a, cRows: named.y });
    else this.emit("product", { ...common, rows });
  }

  /**
   * y [columnsA, columnsB] (+)= aᵀ · b over `rows` rows: the gradient of a kernel.
   *
   * With `factors` [period, columnsA] the rows of a count times those, again and again. `sums` [columnsB] gets the sum of
   * b's rows added. The sums take the first row first, or, `lastFirst`, the last one.
   */
  productOfRows(args: {
    y: Place;
    yStride?: number;
    a: Place;
    aStride?: number;
    factors?: { readonly at: Place; readonly period: number } | undefined;
    b: Place;
    bStride?: number;
    sums?: Place | undefined;
    rows: number;
    columnsA: number;
    columnsB: number;
    accumulate: number;
    lastFirst?: boolean;
  }): void {
    const { y, rows, columnsA, columnsB, accumulate, factors, lastFirst } = args;
    const inOrder = (x: Place, stride: number) => (lastFirst ? fromLast(x, stride, rows) : { x, stride });
    const a = inOrder(args.a, args.aStride ?? columnsA);
    const b = inOrder(args.b, args.bStride ?? columnsB);
    this.emit("productOfRows", {
      c: y,
      cStride: args.yStride ?? columnsB,
      a: a.x,
      aStride: a.stride,
      factors: factors ? (lastFirst ? this.#turned(factors, columnsA) : factors.at) : 0,
      period: factors?.period ?? 0,
      b: b.x,
      bStride: b.stride,
      sums: args.sums ?? 0,
      scratch: { buffer: this.p.buffer(rowsScratchBytes(columnsA)), offset: 0 },
      rows,
      columnsA,
      columnsB,
      accumulate,
    });
  }

  /** Rows of factors, the last one first. */
  #turned({ at, period }: { readonly at: Place; readonly period: number }, width: number): Place {
    const y = { buffer: this.p.buffer(4 * period * width), offset: 0 };
    const { x, stride: xInner } = fromLast(at, width, period);
    const outer = { yOuter: 0, xOuter: 0, outer: 1 };
    this.emit("copySteps", { y, yInner: width, x, xInner, inner: period, width, rowMask: 0, ...outer });
    return y;
  }

  /**
   * The same over as many rows as `total`, one int32, says: the i-th of a is its row aRows[i], that of b bRows[i]. All of
   * their columns.
   */
  productOfTotalRows(args: {
    y: Place;
    a: Place;
    aRows: Place;
    b: Place;
    bRows: Place;
    total: Place;
    columnsA: number;
    columnsB: number;
    accumulate: number;
  }): void {
    const { y, columnsA, columnsB, ...others } = args;
    const scratch = { buffer: this.p.buffer(rowsScratchBytes(columnsA)), offset: 0 };
    this.emit("productOfTotalRows", { ...others, c: y, cStride: columnsB, scratch, columnsA, columnsB });
  }

  /**
   * sums [maxRows, width] = the sum of x [outer, inner, width] over the rows of each slot, outer first; without those whose
   * byte in `mask` is 0.
   */
  gatherSums(args: {
    sums: Place;
    total: Place;
    maxRows: number;
    x: Place;
    slots: Place;
    slotOuter: number;
    slotInner: number;
    outer: number;
    inner: number;
    width: number;
    mask?: Place | undefined;
  }): void {
    const { maxRows, mask = 0, ...others } = args;
    this.emit("gatherSums", { ...others, mask, seen: { buffer: this.p.buffer(maxRows), offset: 0 } });
  }

  /** Begins a buffer's life: one that stays takes its bytes before those are placed that come and go. */
  claim(y: Place): void {
    this.emit("zeroBytes", { y, bytes: 0 });
  }

  /** Adds two gradients. */
  add(a: Value, b: Value): Value {
    const y = this.tensor(a.shape);
    this.emit("addTo", { y, a, b, count: sizeOf(a.shape) });
    return y;
  }

  /** Zeroed floats. */
  zeros(shape: Shape): Value {
    const y = this.tensor(shape);
    this.emit("zeroBytes", { y, bytes: 4 * sizeOf(shape) });
    return y;
  }
}

/** Where rows begin, and the step from one to the next, if the last one comes first. */
export function fromLast({ buffer, offset }: Place, stride: number, rows: number): { x: Place; stride: number } {
  return { x: { buffer, offset: offset + 4 * (rows - 1) * stride }, stride: -stride };
}

/** Bytes of a packed factor: what the kernel `productBytes` gives. */
export function productBytes(depth: number, columns: number): number {
  return depth * Math.ceil(columns / 8) * 32;
}

/** Bytes of scratch of the kernel `productOfRows`: packed rows and panels. */
function rowsScratchBytes(columnsA: number): number {
  return 4 * (256 * (columnsA + 8) + 64);
}
