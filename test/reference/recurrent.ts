/** One step of a cell for one row: the input and the states in, the new states out; the first state is the output. */
export type Step = (x: Float32Array, states: readonly Float64Array[]) => Float64Array[];

/** Options of a recurrent layer, as in Keras. */
export interface RecurrentOptions {
  readonly units: number;
  readonly goBackwards?: boolean;
  readonly zeroOutputForMask?: boolean;
  /** What a masked step gives before the first unmasked one: zeros, or the initial h. */
  readonly firstMaskedOutput?: "zeros" | "initial";
}

/**
 * A cell over one sequence: Keras' loop. A masked step keeps the states and repeats the output.
 *
 * @param x - [timesteps, features] as rows.
 * @param mask - One boolean a step.
 * @returns The outputs in processing order, the last one (Keras' `return_sequences=False`), and the states.
 */
export function runSequence(
  step: Step,
  x: readonly Float32Array[],
  initial: readonly Float64Array[],
  options: RecurrentOptions,
  mask?: readonly boolean[],
): { outputs: Float64Array[]; last: Float64Array; states: readonly Float64Array[] } {
  const zeros = new Float64Array(options.units);
  let states = initial;
  let previous = options.firstMaskedOutput === "initial" ? initial[0]! : zeros;
  const outputs: Float64Array[] = [];
  for (let n = 0; n < x.length; n++) {
    const t = options.goBackwards ? x.length - 1 - n : n;
    if (mask && !mask[t]) {
      outputs.push(options.zeroOutputForMask ? zeros : previous);
      continue;
    }
    states = step(x[t]!, states);
    previous = states[0]!;
    outputs.push(previous);
  }
  return { outputs, last: outputs.at(-1) ?? zeros, states };
}
