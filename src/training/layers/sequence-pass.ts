import { real } from "../../layers/config.ts";
import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import type { Tape } from "../tape.ts";
import { floats, kindOf, start } from "./cell-kinds.ts";
import type { GateFactors } from "./gate-factors.ts";
import { type InputPass, ofEachRow, ofEachStep } from "./input-pass.ts";
import type { RowsOfSteps } from "./step-rows.ts";

/** [timesteps, batch, features], masked steps zero; or rows of a table, each product of which is computed once. */
export type CellInput = { readonly steps: () => Place; readonly rows?: RowsOfSteps | undefined };

/** One cell, or a stack of them, over a span of a sequence, time first: what goes in. */
export interface CellRun {
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
  readonly x: CellInput;
  /** Bytes [timesteps, batch]. */
  readonly mask: Place | undefined;
  /** [batch, units] each; undefined starts from zeros. */
  readonly initial: readonly Place[] | undefined;
}

/** What comes out, and the way back. */
export interface CellPass {
  /** [timesteps, batch, units]: the state after every step, of a stack that of its last cell. */
  readonly h: Place;
  /** The last states, [batch, units] each. */
  readonly states: readonly Place[];
  /**
   * @param dy - [timesteps, batch, units], or undefined.
   * @param dStates - Gradients of the last states, undefined for none.
   * @param wantX - False if nobody needs the gradient of x.
   */
  backward(
    dy: Place | undefined,
    dStates: readonly (Place | undefined)[],
    wantX: boolean,
  ): { dx: Place | undefined; dInitial: readonly Place[] };
}

/** Dropout masks of a pass: one for all gates or one per gate, [batch, width] each. */
export interface Drops {
  readonly input: readonly Place[];
  readonly recurrent: Place | undefined;
}

/**
 * Keras 3's masks, the same at every step: the input has one for all gates, or one per gate where recurrent dropout is
 * on; the recurrent ones are per gate.
 */
export function dropoutMasks(tape: Tape, steps: FusedSteps, batch: number, features: number): Drops {
  const { owner, gates, units } = steps;
  const { random } = tape;
  const rate = real(owner, owner.config, "dropout", 0);
  const recurrentRate = real(owner, owner.config, "recurrentDropout", 0);
  if (!random) return { input: [], recurrent: undefined };
  const count = recurrentRate > 0 ? gates : 1;
  return {
    input: rate > 0 ? Array.from({ length: count }, () => random.mask(tape, batch * features, rate)) : [],
    recurrent: recurrentRate > 0 ? random.mask(tape, gates * batch * units, recurrentRate) : undefined,
  };
}

/** A cell with what its passes over the spans of a sequence share. */
export interface CellOfSpans {
  readonly steps: FusedSteps;
  readonly drops: Drops;
  readonly factors: GateFactors;
}

/** Runs a cell that has training kernels over a span of a sequence on the tape. */
export function cellPass(tape: Tape, { steps, drops, factors }: CellOfSpans, run: CellRun): CellPass {
  const { owner, units, gates } = steps;
  const { batch, timesteps } = run;
  const rows = batch * timesteps;
  const state = batch * units;
  const width = gates * units;
  const z = floats(tape, rows * width);
  const { rows: shared } = run.x;
  const input: InputPass = shared ? ofEachRow(tape, steps, run, shared, z) : ofEachStep(tape, steps, run, drops, z);

  const hs = floats(tape, (timesteps + 1) * state);
  start(tape, hs, run.initial?.[0], state);
  const mask = run.mask ?? 0;
  const drop = drops.recurrent ?? 0;
  const scratch = floats(tape, 2 * state);
  const { homes } = input;
  const panels = factors.straight;
  const cell = kindOf(tape, steps, { run, z, homes, hs, panels, mask, drop, scratch, rows, state });
  cell.forward();
  const last = (of: Place) => shifted(of, 4 * timesteps * state);

  return {
    h: shifted(hs, 4 * state),
    states: [last(hs), ...(cell.cs ? [last(cell.cs)] : [])],
    backward(dy, dStates, wantX) {
      const dh = floats(tape, state);
      start(tape, dh, dStates[0], state);
      const dc = cell.cs && floats(tape, state);
      if (dc) start(tape, dc, dStates[1], state);
      cell.backward(dy ?? 0, dh, dc, factors.turned);
      weightGradients();
      return { dx: input.backward(wantX), dInitial: dc ? [dh, dc] : [dh] };
    },
  };

  function weightGradients(): void {
    const dBias = steps.useBias ? tape.sink(owner, "bias") : undefined;
    const dRecurrent = tape.sink(owner, "recurrentKernel");
    // Where the recurrent gradients pass over all of z, they sum the bias's on their way.
    const sums = dRecurrent && cell.sumsBias ? dBias : undefined;
    if (dBias && !sums) cell.biasGradient(dBias);
    if (sums?.accumulate === 0) tape.emit("zeroBytes", { y: sums, bytes: 4 * width });
    if (dRecurrent) cell.recurrentGradient(dRecurrent, dRecurrent.accumulate, sums);
  }
}

/** Reads a state's place as a tensor. */
export function stateValue(from: Place, batch: number, units: number): Value {
  return { ...from, shape: [batch, units], dtype: "float32" };
}
