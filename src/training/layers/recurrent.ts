import { UnsupportedLayerError } from "../../errors.ts";
import { FusedCell, FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { Recurrent, type RecurrentInputs, recurrentInputs } from "../../layers/recurrent/recurrent.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import { StackedRNNCells } from "../../layers/recurrent/stacked-rnn-cells.ts";
import { type Place, type Value, withMask } from "../../plan/buffer.ts";
import { logical } from "../../plan/tensor-ops.ts";
import { apartRule } from "../recorded/apart.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";
import { hasKernel } from "./cell-kinds.ts";
import { CellStack } from "./cell-stack.ts";
import { stateValue } from "./sequence-pass.ts";
import { SpanPass } from "./span-pass.ts";
import { StepRows } from "./step-rows.ts";
import { type Span, TimeSteps } from "./time-steps.ts";

/** One pass of a recurrent layer on the tape. */
interface Pass {
  readonly y: Value;
  readonly states: readonly Value[];
  backward(dy: Value | undefined, dStates: Gradients, wanted: boolean): { dx: Value | undefined; dInitial: Gradients };
}

interface PassOptions {
  readonly flipOutputs?: boolean;
  readonly zeroOutputForMask?: boolean;
}

/** The cells of a recurrent layer from the input up; undefined if one of them has no training kernel. */
function cellsOf(cell: unknown): readonly FusedSteps[] | undefined {
  if (cell instanceof FusedSteps) return hasKernel(cell) ? [cell] : undefined;
  if (cell instanceof FusedCell) return cellsOf(cell.steps);
  if (!(cell instanceof StackedRNNCells)) return undefined;
  const all = cell.cells.map(cellsOf);
  return all.every((cells) => cells !== undefined) ? all.flat() : undefined;
}

/** True if a call of a recurrent layer trains on kernels. */
export function hasPass(layer: Recurrent, { x, mask, initialState, constants }: RecurrentInputs): boolean {
  const cells = cellsOf(layer.cell);
  if (!cells || x.shape.length !== 3 || constants.length > 0) return false;
  const isReversed = layer.profile.stackedStates === "reversed" && cells.length > 1;
  return mask?.dtype !== "float32" && !(isReversed && initialState.length > 0);
}

/** Plans a pass. Steps go time first inside, so that a step is one block of rows. */
export function recurrentPass(tape: Tape, layer: Recurrent, inputs: RecurrentInputs, options: PassOptions = {}): Pass {
  const { x } = inputs;
  const cells = cellsOf(layer.cell)!;
  const { goBackwards, returnSequences } = layer;
  const features = x.shape[2]!;
  const time = new TimeSteps(tape, x.shape, layer.timeMajor);
  const { batch, timesteps } = time;
  const mask = inputs.mask && maskFirst(tape, layer, inputs.mask, time, goBackwards);
  tape.longest = Math.max(tape.longest, timesteps);
  const spans = time.spans(tape.spanSteps);
  const isCut = spans.length > 1;
  const stack = CellStack.of(tape, cells, batch, features);
  const table = stack.dropsInput ? undefined : tape.lookedUp(x);
  const rows = table && new StepRows(tape, table, time, goBackwards, isCut);
  const pass = new SpanPass(tape, stack, spans, (span) => ({
    batch,
    timesteps: span.count,
    features,
    x: { steps: () => time.take(x, features, span, goBackwards, mask), rows: rows?.within(span) },
    mask: mask && shifted(mask, span.first * batch),
  }));

  const { units } = cells.at(-1)!;
  const y = tape.tensor(returnSequences ? time.shape(units) : [batch, units]);
  if (isCut) tape.claim(y);
  const zeroes = options.zeroOutputForMask ?? layer.zeroOutputForMask;
  // Unrolled and backwards, Keras zeroes the outputs, in the order of processing, by the mask in the order of time.
  const forwardMask =
    zeroes && layer.unrolled && goBackwards && returnSequences && inputs.mask
      ? maskFirst(tape, layer, inputs.mask, time, false)
      : undefined;
  const seen = mask && outputMask(tape, layer, mask, zeroes && !forwardMask, time);
  const outMask = seen && forwardMask ? bothMasks(tape, seen, forwardMask, timesteps * batch) : seen;
  const flip = options.flipOutputs === true;
  const lastRows = { yOuter: 0, yInner: units, xOuter: 0, xInner: units, outer: 1, inner: batch, width: units };
  const last = { rowMask: outMask ? shifted(outMask, (timesteps - 1) * batch) : 0, ...lastRows };
  const given = initialStates(tape, layer, cells, inputs.initialState, batch);
  const states = pass.forwards(given, (span, h) => {
    if (returnSequences) time.put(y, h, units, span, flip, outMask);
    else if (span === spans.at(-1))
      tape.emit("copySteps", { y, x: shifted(h, 4 * (span.count - 1) * batch * units), ...last });
  });
  if (layer.stateful) keepStates(tape, layer, cells, states, batch);
  const sizes = cells.flatMap((cell) => new Array<number>(cell.stateCount).fill(cell.units));
  const values = (places: readonly Place[]) => places.map((state, i) => stateValue(state, batch, sizes[i]!));

  return {
    y,
    states: values(states),
    backward(dy, dStates, wanted) {
      const d = states.map((_, i) => dStates[i]);
      if (dy && !returnSequences) {
        const top = states.length - cells.at(-1)!.stateCount;
        const dLast = tape.tensor([batch, units]);
        tape.emit("copySteps", { y: dLast, x: dy, ...last });
        d[top] = d[top] ? tape.add(d[top], dLast) : dLast;
      }
      const dyOf = (span: Span) => (dy && returnSequences ? time.take(dy, units, span, flip, outMask) : undefined);
      // A table gets its rows' gradients instead.
      const dx = wanted && !rows ? tape.tensor(x.shape) : undefined;
      if (isCut && dx) tape.claim(dx);
      if (wanted) rows?.begin();
      const dInitial = pass.backwards(dyOf, d, wanted, (span, of) => {
        time.put(dx!, of, features, span, goBackwards, mask);
      });
      if (wanted) rows?.giveBack();
      return { dx, dInitial: values(dInitial) };
    },
  };
}

/** The mask's bytes time first: [timesteps, batch]. */
function maskFirst(tape: Tape, layer: Recurrent, mask: Value, time: TimeSteps, reverse: boolean): Place {
  const { timesteps: outer, batch: inner } = time;
  const y = { buffer: tape.p.buffer(outer * inner), offset: 0 };
  if (mask.dtype !== "bool") {
    throw new UnsupportedLayerError(`${layer}: a mask must be bool to train through it; got ${mask.dtype}.`);
  }
  const from = time.within(mask, 1, { first: 0, count: outer }, reverse, 1);
  tape.emit("copyMask", { y, x: from.at, xOuter: from.time, xInner: from.row, outer, inner });
  return y;
}

/** Both of two masks of so many bytes. */
function bothMasks(tape: Tape, a: Place, b: Place, count: number): Place {
  const bits = (place: Place): Value => ({ ...place, shape: [count], dtype: "bool" });
  return logical(tape.p, "and", bits(a), bits(b));
}

/** Bytes [timesteps, batch] of the outputs that are not zeros. */
function outputMask(
  tape: Tape,
  layer: Recurrent,
  mask: Place,
  zeroes: boolean,
  { timesteps, batch }: TimeSteps,
): Place | undefined {
  if (zeroes) return mask;
  if (layer.profile.firstMaskedOutput === "initialState" && layer.config["unroll"] !== true) return undefined;
  const out = { buffer: tape.p.buffer(timesteps * batch), offset: 0 };
  tape.emit("seenMask", { out, mask, timesteps, batch });
  return out;
}

function initialStates(
  tape: Tape,
  layer: Recurrent,
  cells: readonly FusedSteps[],
  given: readonly Value[],
  batch: number,
): readonly Place[] | undefined {
  if (given.length > 0) return given;
  return layer.stateful ? keptStates(tape, layer, cells, batch) : undefined;
}

function keptStates(tape: Tape, layer: Recurrent, cells: readonly FusedSteps[], batch: number): readonly Place[] {
  return cells
    .flatMap((cell) => new Array<number>(cell.stateCount).fill(cell.units))
    .map((units, i) => ({ buffer: tape.p.states.state(layer, `state${i}`, [batch, units]), offset: 0 }));
}

function keepStates(
  tape: Tape,
  layer: Recurrent,
  cells: readonly FusedSteps[],
  states: readonly Place[],
  batch: number,
): void {
  keptStates(tape, layer, cells, batch).forEach((y, i) => {
    tape.emit("copyBytes", { y, x: states[i]!, bytes: y.buffer.bytes });
  });
}

/** LSTM, GRU, SimpleRNN and RNN of fused cells. */
export const recurrentRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof Recurrent)) throw new TypeError(`${layer} is not recurrent`);
  const sorted = recurrentInputs(tape.p, layer, inputs, call, layer.numConstants);
  if (!hasPass(layer, sorted)) return apartRule(tape, layer, inputs, call);
  const done = recurrentPass(tape, layer, sorted);
  const passesMask = layer.returnSequences && layer.profile.recurrentPassesMask;
  const y = withMask(done.y, passesMask ? sorted.passedMask : undefined);
  return {
    outputs: layer.returnState ? [y, ...done.states] : [y],
    backward([dy, ...dStates], wanted) {
      const { dx, dInitial } = done.backward(dy, dStates, wanted);
      return [dx, ...dInitial];
    },
  };
};
