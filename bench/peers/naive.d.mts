import type { Workload } from "../workloads.ts";

/** A model that keeps its state between calls if the workload is of the kind `step`. */
export interface NaiveModel {
  run(input: Float32Array | Int32Array): Float32Array;
}

/** @param resetBefore - GRU with the reset gate applied before the recurrent product (Keras' reset_after=False). */
export function createNaive(workload: Omit<Workload, "inputs">, options?: { resetBefore?: boolean }): NaiveModel;
