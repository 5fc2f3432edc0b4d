import { real } from "../../layers/config.ts";
import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import { productBytes } from "../kernel-calls.ts";
import type { LookedUp } from "../table-rows.ts";
import type { Tape } from "../tape.ts";
import { floats, joinsGates, kindOf, start } from "./cell-kinds.ts";
import { type InputPass, ofEachRow, ofEachStep } from "./input-pass.ts";

/** [timesteps, batch, features], masked steps zero; or rows of a table, each product of which is computed once. */
export type CellInput = { readonly steps: () => Place; readonly rows?: RowsOfSteps | undefined };

/** Which row of a table each step takes. */
export interface RowsOfSteps {
  readonly table: LookedUp;
  /** The first step's slots; strides in elements. */
  readonly slots: Place;
  readonly slotOuter: number;
  readonly slotInner: number;
}

/** One cell over a sequence, time first: what goes in. */
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
  /** [timesteps, batch, units]: the state after every step. */
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
function drops(tape: Tape, steps: FusedSteps, run: CellRun): Drops {
  const { owner, gates, units } = steps;
  const { random } = tape;
  const rate = real(owner, owner.config, "dropout", 0);
  const recurrentRate = real(owner, owner.config, "recurrentDropout", 0);
  if (!random) return { input: [], recurrent: undefined };
  const count = recurrentRate > 0 ? gates : 1;
  return {
    input: rate > 0 ? Array.from({ length: count }, () => random.mask(tape, run.batch * run.features, rate)) : [],
    recurrent: recurrentRate > 0 ? random.mask(tape, gates * run.batch * units, recurrentRate) : undefined,
  };
}

/**
 * Elements between rows of so many. Rows whose bytes are a multiple of 512 would share a few sets of the caches, so that what
 * is packed of them column by column is fetched again and again: they lie a cache line further apart. It makes products over
 * rows of 2 KiB 4 % faster (Node 24, Zen 3).
 */
const spacedRows = (width: number): number => (width % 128 === 0 ? width + 16 : width);

/** Runs a cell that has training kernels over a sequence on the tape. */
export function cellPass(tape: Tape, steps: FusedSteps, run: CellRun): CellPass {
  const { owner, units, gates } = steps;
  const { batch, timesteps } = run;
  const rows = batch * timesteps;
  const state = batch * units;
  const width = gates * units;
  const recurrentKernel = tape.needWeight(owner, "recurrentKernel");
  const dropped = drops(tape, steps, run);
  const zStride = spacedRows(width);
  const z = floats(tape, rows * zStride);
  const gateRows = { z, zStride };
  const shared = dropped.input.length === 0 && run.x.rows;
  const input: InputPass = shared
    ? ofEachRow(tape, steps, run, shared, gateRows)
    : ofEachStep(tape, steps, run, dropped, gateRows);

  const hs = floats(tape, (timesteps + 1) * state);
  start(tape, hs, run.initial?.[0], state);
  const mask = run.mask ?? 0;
  const drop = dropped.recurrent ?? 0;
  const scratch = floats(tape, 2 * state);
  const { homes } = input;
  const joins = joinsGates(steps, drop !== 0);
  const panels = packGates(tape, recurrentKernel, units, gates, joins, false);
  const cell = kindOf(tape, steps, { run, ...gateRows, homes, hs, panels, mask, drop, scratch, rows, state });
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
      const turned = packGates(tape, recurrentKernel, units, gates, joins, true);
      cell.backward(dy ?? 0, dh, dc, turned);
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

/** U packed, or Uᵀ: of all gates as one factor, or gate by gate. */
function packGates(tape: Tape, kernel: Place, units: number, gates: number, joined: boolean, turned: boolean): Place {
  const parts = joined ? 1 : gates;
  const own = (gates / parts) * units;
  const [depth, columns] = turned ? [own, units] : [units, own];
  const bytes = productBytes(depth, columns);
  const panels = { buffer: tape.p.buffer(bytes * parts), offset: 0 };
  const stride = gates * units;
  const strides = turned ? { rowStride: 1, columnStride: stride } : { rowStride: stride, columnStride: 1 };
  for (let part = 0; part < parts; part++) {
    const source = shifted(kernel, 4 * part * own);
    tape.emit("packProduct", { panels: shifted(panels, bytes * part), source, depth, columns, ...strides });
  }
  return panels;
}

/** Reads a state's place as a tensor. */
export function stateValue(from: Place, batch: number, units: number): Value {
  return { ...from, shape: [batch, units], dtype: "float32" };
}
