import { ACTIVATION_CODES } from "../../engine/activation-codes.ts";
import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { GruSteps } from "../../layers/recurrent/gru.ts";
import { LstmSteps } from "../../layers/recurrent/lstm.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import { SimpleRnnSteps } from "../../layers/recurrent/simple-rnn.ts";
import type { Place } from "../../plan/buffer.ts";
import { fromLast } from "../kernel-calls.ts";
import { SLOPE_OF_OUTPUT } from "../slopes.ts";
import type { Tape } from "../tape.ts";
import type { HomesOfSteps } from "./input-pass.ts";
import type { CellRun } from "./sequence-pass.ts";

/** What every kind of cell works on. */
export interface CellPlaces {
  readonly run: CellRun;
  readonly z: Place;
  /** Set if z holds equal rows once. */
  readonly homes: HomesOfSteps | undefined;
  readonly hs: Place;
  readonly panels: Place;
  readonly mask: Place | 0;
  readonly drop: Place | 0;
  readonly scratch: Place;
  readonly rows: number;
  readonly state: number;
}

/** What differs between the cells. */
export interface CellKind {
  readonly cs?: Place;
  forward(): void;
  /** Turns z into its gradient. */
  backward(dy: Place | 0, dh: Place, dc: Place | undefined, turned: Place): void;
  /** True if `recurrentGradient` can add the bias's gradient to `sums`. */
  readonly sumsBias: boolean;
  biasGradient(sink: Place & { accumulate: number }): void;
  recurrentGradient(sink: Place, accumulate: number, sums?: Place): void;
}

/** True if there are training kernels for a cell: of its class, and with slopes that follow from its values. */
export function hasKernel(steps: FusedSteps): boolean {
  if (![LstmSteps, GruSteps, SimpleRnnSteps].some((known) => steps.constructor === known)) return false;
  return steps.codes.every(
    (code) => code === ACTIVATION_CODES.relu || (code !== undefined && SLOPE_OF_OUTPUT.has(code)),
  );
}

const codesOf = (steps: FusedSteps) => steps.codes as [number, number];

/** How a cell that {@link hasKernel} runs forwards and back. */
export function kindOf(tape: Tape, steps: FusedSteps, at: CellPlaces): CellKind {
  if (steps instanceof LstmSteps) return lstmKind(tape, steps, at);
  spread(tape, steps, at);
  return steps instanceof GruSteps ? gruKind(tape, steps, at) : simpleKind(tape, steps, at);
}

/** Fills z at once, for a cell that does not take it step by step. */
function spread(tape: Tape, { units, gates }: FusedSteps, { run, z, homes }: CellPlaces): void {
  if (!homes) return;
  const { timesteps: outer, batch: inner } = run;
  tape.emit("spreadHomes", { y: z, ...homes, first: 0, outer, inner, width: gates * units });
}

function sizes({ run }: CellPlaces, units: number) {
  return { batch: run.batch, timesteps: run.timesteps, units };
}

/** y [width] (+)= the sum of rows of x, the last one first. */
function sumSteps(tape: Tape, y: Place, from: Place, stride: number, rows: number, width: number, accumulate: number) {
  const { x, stride: xStride } = fromLast(from, stride, rows);
  tape.emit("sumRows", { y, x, xStride, rows, width, accumulate });
}

/**
 * dU: the states before each step against the gradients of gates `first` … of z or another block. Sums over steps take the
 * last one first, as the way back meets them: a sequence that goes back in spans (`SpanPass`) has the same bits.
 */
function gateGradients(
  tape: Tape,
  at: CellPlaces,
  units: number,
  gates: number,
  sink: Place,
  accumulate: number,
  blocks: readonly { b: Place; stride: number; gate: number; count: number; a?: Place }[],
  sums?: Place,
): void {
  // States of zeros add nothing to the products, but bias gradients are sums over all steps.
  const { batch, timesteps, initial } = at.run;
  const skipped = initial || timesteps === 1 ? 0 : batch;
  for (const { b, stride, gate, count, a } of blocks) {
    const each = at.drop === 0 ? 1 : count;
    for (let i = 0; i < each; i++) {
      const drop = at.drop === 0 ? undefined : shifted(at.drop, 4 * (gate + i) * at.state);
      tape.productOfRows({
        y: shifted(sink, 4 * (gate + i) * units),
        yStride: gates * units,
        a: shifted(a ?? at.hs, 4 * skipped * units),
        factors: drop && { at: drop, period: batch },
        b: shifted(b, 4 * (skipped * stride + i * units)),
        bStride: stride,
        sums: sums && shifted(sums, 4 * (gate + i) * units),
        rows: at.rows - skipped,
        columnsA: units,
        columnsB: (count / each) * units,
        accumulate,
        lastFirst: true,
      });
    }
    if (sums && skipped) sumSteps(tape, shifted(sums, 4 * gate * units), b, stride, skipped, count * units, 1);
  }
}

function simpleKind(tape: Tape, steps: FusedSteps, at: CellPlaces): CellKind {
  const { units } = steps;
  const [activation] = codesOf(steps);
  const { z, hs, panels, mask, drop, scratch } = at;
  const common = { z, hs, mask, drop, scratch, activation, ...sizes(at, units) };
  return {
    forward: () => tape.emit("simpleRnnTrain", { ...common, panels }),
    backward: (dy, dh, _dc, turned) => tape.emit("simpleRnnTrainBack", { ...common, dz: z, dy, dh, panels: turned }),
    biasGradient: (y) => sumSteps(tape, y, z, units, at.rows, units, y.accumulate),
    sumsBias: true,
    recurrentGradient: (sink, accumulate, sums) =>
      gateGradients(tape, at, units, 1, sink, accumulate, [{ b: z, stride: units, gate: 0, count: 1 }], sums),
  };
}

const NO_HOMES = { homes: 0, slots: 0, slotOuter: 0, slotInner: 0 };

/** True if a cell takes U or Uᵀ of all gates as one factor, false if gate by gate. */
export const joinsGates = (steps: FusedSteps, hasDrop: boolean): boolean => steps instanceof LstmSteps && !hasDrop;

function lstmKind(tape: Tape, steps: LstmSteps, at: CellPlaces): CellKind {
  const { units } = steps;
  const [activation, recurrentActivation] = codesOf(steps);
  const { z, hs, panels, mask, drop, scratch } = at;
  const cs = floats(tape, (at.run.timesteps + 1) * at.state);
  start(tape, cs, at.run.initial?.[1], at.state);
  const acts = floats(tape, at.rows * units);
  const fromZeros = Number(!at.run.initial);
  const common = { z, cs, acts, mask, drop, scratch, activation, recurrentActivation, ...sizes(at, units) };
  return {
    cs,
    forward: () => tape.emit("lstmTrain", { ...common, ...(at.homes ?? NO_HOMES), fromZeros, hs, panels }),
    backward: (dy, dh, dc, turned) =>
      tape.emit("lstmTrainBack", { ...common, dy, dh, dc: dc!, panels: turned, wantsFirst: 1 - fromZeros }),
    biasGradient: (y) => sumSteps(tape, y, z, 4 * units, at.rows, 4 * units, y.accumulate),
    sumsBias: true,
    recurrentGradient: (sink, accumulate, sums) =>
      gateGradients(tape, at, units, 4, sink, accumulate, [{ b: z, stride: 4 * units, gate: 0, count: 4 }], sums),
  };
}

function gruKind(tape: Tape, steps: GruSteps, at: CellPlaces): CellKind {
  const { units } = steps;
  const [activation, recurrentActivation] = codesOf(steps);
  const resetAfter = Number(steps.resetAfter);
  const { z, hs, panels, mask, drop, scratch, rows } = at;
  const width = 3 * units;
  const rec = floats(tape, rows * units);
  const bias = steps.resetAfter ? tape.weight(steps.owner, "bias") : undefined;
  if (bias) {
    // The recurrent biases of z and r are of the same sum as the input's.
    const second = shifted(bias, 4 * width);
    tape.emit("broadcastRow", { y: z, yStride: width, x: second, rows, width: 2 * units, accumulate: 1 });
    const ofCandidate = shifted(second, 8 * units);
    tape.emit("broadcastRow", { y: rec, yStride: units, x: ofCandidate, rows, width: units, accumulate: 0 });
  } else {
    tape.emit("zeroBytes", { y: rec, bytes: 4 * rows * units });
  }
  const common = { z, rec, hs, mask, drop, scratch, activation, recurrentActivation, resetAfter, ...sizes(at, units) };
  return {
    forward: () => tape.emit("gruTrain", { ...common, panels }),
    backward: (dy, dh, _dc, turned) => tape.emit("gruTrainBack", { ...common, dy, dh, panels: turned }),
    sumsBias: false,
    biasGradient: (y) => {
      const { accumulate } = y;
      sumSteps(tape, y, z, width, rows, width, accumulate);
      if (!steps.resetAfter) return;
      const second = shifted(y, 4 * width);
      sumSteps(tape, second, z, width, rows, 2 * units, accumulate);
      sumSteps(tape, shifted(second, 8 * units), rec, units, rows, units, accumulate);
    },
    recurrentGradient: (sink, accumulate) => {
      const candidate = steps.resetAfter
        ? { b: rec, stride: units, gate: 2, count: 1 }
        : { b: shifted(z, 8 * units), stride: width, gate: 2, count: 1, a: rec };
      gateGradients(tape, at, units, 3, sink, accumulate, [{ b: z, stride: width, gate: 0, count: 2 }, candidate]);
    },
  };
}

/** Scratch for so many floats. */
export const floats = (tape: Tape, count: number): Place => ({ buffer: tape.p.buffer(4 * count), offset: 0 });

/** The first rows of a state: copied, or zeros. */
export function start(tape: Tape, y: Place, from: Place | undefined, floats: number): void {
  if (from) tape.emit("copyBytes", { y, x: from, bytes: 4 * floats });
  else tape.emit("zeroBytes", { y, bytes: 4 * floats });
}
