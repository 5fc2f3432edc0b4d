import { createNaive } from "../peers/naive.mjs";
import type { Workload } from "../workloads.ts";

/** Outputs further away than this are wrong, and nothing is timed. */
export const TOLERANCE = 2e-5;

/** Reference outputs of one workload, computed once for the rows that are compared. */
export class Reference {
  readonly #workload: Workload;
  readonly #rows: readonly number[];
  readonly #outputs = new Map<boolean, Float32Array[]>();

  /** Large batches are compared in their first and last row: the loops would take minutes for all. */
  constructor(workload: Workload) {
    this.#workload = workload;
    const { batch, flops, inputs } = workload;
    const all = Array.from({ length: batch }, (_, b) => b);
    this.#rows = flops * inputs.length <= 2e9 ? all : [0, batch - 1];
  }

  /**
   * The largest absolute difference.
   *
   * @param outputs - One array per input, [batch, …].
   */
  error(outputs: readonly Float32Array[], resetBefore: boolean): number {
    const { batch } = this.#workload;
    let error = 0;
    this.#of(resetBefore).forEach((wanted, i) => {
      const width = wanted.length / this.#rows.length;
      const got = outputs[i];
      if (got?.length !== width * batch) {
        throw new Error(`The output has ${got?.length} elements; expected ${width * batch}.`);
      }
      this.#rows.forEach((b, row) => {
        for (let j = 0; j < width; j++) {
          const difference = Math.abs(got[b * width + j]! - wanted[row * width + j]!);
          error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
        }
      });
    });
    return error;
  }

  #of(resetBefore: boolean): Float32Array[] {
    const known = this.#outputs.get(resetBefore);
    if (known) return known;
    const workload = this.#workload;
    const rows = this.#rows;
    const model = createNaive({ ...workload, batch: rows.length }, { resetBefore });
    const outputs = workload.inputs.map((input) => {
      const width = input.length / workload.batch;
      const taken = input.slice(0, rows.length * width);
      rows.forEach((b, row) => {
        taken.set(input.subarray(b * width, (b + 1) * width), row * width);
      });
      return model.run(taken);
    });
    this.#outputs.set(resetBefore, outputs);
    return outputs;
  }
}
