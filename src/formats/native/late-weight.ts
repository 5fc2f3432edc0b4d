import type { Weight, WeightArray } from "../../layers/layer.ts";

/** Fills a part of an array whose numbers are still in their file, or copies what belongs there to another place. */
export type Bring = (part: Float32Array, into?: Float32Array) => void;

/** A table that is still in its file: a row is read when it is asked for, and all of them when `data` is. */
export class LateWeight implements Weight {
  readonly name: string;
  readonly shape: Weight["shape"];
  readonly trainable: boolean;
  #data: Float32Array;
  #bring: Bring | undefined;
  /** Rows go here: scattered over the table's own memory, each would cost a fresh page. */
  #row: Float32Array | undefined;

  /** @param data - Memory for the whole table, which `bring` fills. */
  constructor(spec: Parameters<NonNullable<WeightArray["late"]>>[0], data: Float32Array, bring: Bring) {
    this.name = spec.name;
    this.shape = spec.shape;
    this.trainable = spec.trainable;
    this.#data = data;
    this.#bring = bring;
  }

  get data(): Float32Array {
    this.#bring?.(this.#data);
    this.#bring = undefined;
    return this.#data;
  }

  set data(data: Float32Array) {
    this.#data = data;
    this.#bring = undefined;
  }

  row(index: number): Float32Array {
    const width = this.shape[1]!;
    const row = this.#data.subarray(index * width, (index + 1) * width);
    if (!this.#bring) return row;
    this.#row ??= new Float32Array(width);
    this.#bring(row, this.#row);
    return this.#row;
  }
}
