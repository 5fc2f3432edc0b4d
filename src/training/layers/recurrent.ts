import { UnsupportedLayerError } from "../../errors.ts";
import type { Layer } from "../../layers/layer.ts";
import { FusedCell, FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { Recurrent, type RecurrentInputs, recurrentInputs } from "../../layers/recurrent/recurrent.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import { StackedRNNCells } from "../../layers/recurrent/stacked-rnn-cells.ts";
import { type Place, type Value, withMask } from "../../plan/buffer.ts";
import { logical } from "../../plan/tensor-ops.ts";
import { apartRule } from "../recorded/apart.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";
import { hasKernel } from "./cell-kinds.ts";
import { type CellInput, type CellPass, cellPass, stateValue } from "./sequence-pass.ts";

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

/** Plans a pass: steps go time first inside, so that a step is one block of rows. */
export function recurrentPass(tape: Tape, layer: Recurrent, inputs: RecurrentInputs, options: PassOptions = {}): Pass {
  const { x, mask, initialState } = inputs;
  const cells = cellsOf(layer.cell)!;
  const { timeMajor, goBackwards, returnSequences } = layer;
  const [batch, timesteps] = timeMajor ? [x.shape[1]!, x.shape[0]!] : [x.shape[0]!, x.shape[1]!];
  const features = x.shape[2]!;
  const lead = { outer: timesteps, inner: batch };
  /** Strides of a [batch, timesteps, width] block, its first element and direction. */
  const strided = (of: Place, width: number, reverse: boolean, element = 4) => {
    const time = timeMajor ? batch * width : width;
    const first = reverse ? (timesteps - 1) * time : 0;
    return {
      at: shifted(of, element * first),
      time: reverse ? -time : time,
      row: timeMajor ? width : timesteps * width,
    };
  };

  const stepMask = mask && maskFirst(tape, layer, mask, strided(mask, 1, goBackwards, 1), lead);
  // Unrolled and backwards, Keras zeroes the outputs, in the order of processing, by the mask in the order of time.
  const forwardMask = (of: Value) => maskFirst(tape, layer, of, strided(of, 1, false, 1), lead);
  const timeFirst = (): Place => {
    const from = strided(x, features, goBackwards);
    const xt = tape.tensor([timesteps, batch, features]);
    const dense = { yOuter: batch * features, yInner: features, width: features, ...lead };
    const places = { y: xt, x: from.at, xOuter: from.time, xInner: from.row };
    tape.emit("copySteps", { ...places, rowMask: stepMask ?? 0, ...dense });
    return xt;
  };
  const table = tape.lookedUp(x);
  const slots = table && strided(table.rows.slots, 1, goBackwards);
  const rows = slots && { table, slots: slots.at, slotOuter: slots.time, slotInner: slots.row };

  const counts = cells.map((cell) => cell.stateCount);
  const given = initialStates(tape, layer, cells, initialState, batch);
  const passes: CellPass[] = [];
  let input: { x: CellInput; features: number } = { x: { steps: timeFirst, rows }, features };
  cells.forEach((cell, i) => {
    const first = counts.slice(0, i).reduce((a, b) => a + b, 0);
    const initial = given?.slice(first, first + counts[i]!);
    const done = cellPass(tape, cell, {
      batch,
      timesteps,
      features: input.features,
      x: input.x,
      mask: stepMask,
      initial,
    });
    passes.push(done);
    input = { x: { steps: () => done.h }, features: cell.units };
  });
  const states = passes.flatMap((done) => done.states);
  if (layer.stateful) keepStates(tape, layer, cells, states, batch);

  const { units } = cells.at(-1)!;
  const zeroes = options.zeroOutputForMask ?? layer.zeroOutputForMask;
  const zeroesForward = zeroes && layer.unrolled && goBackwards && returnSequences;
  const seen = stepMask && outputMask(tape, layer, stepMask, zeroes && !zeroesForward, timesteps, batch);
  const outMask = mask && seen && zeroesForward ? bothMasks(tape, seen, forwardMask(mask), timesteps * batch) : seen;
  const top = passes.at(-1)!;
  const y = tape.tensor(
    returnSequences ? (timeMajor ? [timesteps, batch, units] : [batch, timesteps, units]) : [batch, units],
  );
  const steps = { width: units, ...lead };
  const flip = options.flipOutputs === true && returnSequences;
  const lastMask = outMask ? shifted(outMask, (timesteps - 1) * batch) : 0;
  const lastRows = { yOuter: 0, yInner: units, xOuter: 0, xInner: units, outer: 1, inner: batch, width: units };
  if (returnSequences) {
    const to = strided(y, units, flip);
    const places = { y: to.at, yOuter: to.time, yInner: to.row, x: top.h, xOuter: batch * units, xInner: units };
    tape.emit("copySteps", { ...places, rowMask: outMask ?? 0, ...steps });
  } else {
    const x = shifted(top.h, 4 * (timesteps - 1) * batch * units);
    tape.emit("copySteps", { y, x, rowMask: lastMask, ...lastRows });
  }
  const sizes = cells.flatMap((cell) => new Array<number>(cell.stateCount).fill(cell.units));

  return {
    y,
    states: states.map((state, i) => stateValue(state, batch, sizes[i]!)),
    backward(dy, dStates, wanted) {
      let above: Place | undefined;
      let dTop: Place | undefined = dStates[states.length - counts.at(-1)!];
      if (dy && returnSequences) {
        const back = tape.tensor([timesteps, batch, units]);
        const of = strided(dy, units, flip);
        const places = { y: back, yOuter: batch * units, yInner: units, x: of.at, xOuter: of.time, xInner: of.row };
        tape.emit("copySteps", { ...places, rowMask: outMask ?? 0, ...steps });
        above = back;
      } else if (dy) {
        const last = tape.tensor([batch, units]);
        tape.emit("copySteps", { y: last, x: dy, rowMask: lastMask, ...lastRows });
        dTop = dTop ? tape.add(stateValue(dTop, batch, units), last) : last;
      }
      const dInitial: Place[][] = [];
      for (let i = cells.length - 1; i >= 0; i--) {
        const first = counts.slice(0, i).reduce((a, b) => a + b, 0);
        const own: (Place | undefined)[] = dStates.slice(first, first + counts[i]!);
        if (i === cells.length - 1) own[0] = dTop;
        const back = passes[i]!.backward(above, own, wanted || i > 0);
        above = back.dx;
        dInitial.unshift([...back.dInitial]);
      }
      // A table has got its rows' gradients.
      const dx = wanted && above ? tape.tensor(x.shape) : undefined;
      if (dx) {
        const to = strided(dx, features, goBackwards);
        const places = { y: to.at, yOuter: to.time, yInner: to.row, xOuter: batch * features, xInner: features };
        tape.emit("copySteps", { ...places, x: above!, rowMask: stepMask ?? 0, width: features, ...lead });
      }
      return { dx, dInitial: dInitial.flat().map((state, i) => stateValue(state, batch, sizes[i]!)) };
    },
  };
}

/** The mask's bytes time first: [timesteps, batch]. */
function maskFirst(
  tape: Tape,
  layer: Layer,
  mask: Value,
  from: { at: Place; time: number; row: number },
  lead: { outer: number; inner: number },
): Place {
  const y = { buffer: tape.p.buffer(lead.outer * lead.inner), offset: 0 };
  if (mask.dtype !== "bool") {
    throw new UnsupportedLayerError(`${layer}: a mask must be bool to train through it; got ${mask.dtype}.`);
  }
  tape.emit("copyMask", { y, x: from.at, xOuter: from.time, xInner: from.row, ...lead });
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
  timesteps: number,
  batch: number,
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
  // Keras 3 loses the mask for the layer itself where initial states are given, but hands it on behind.
  const behind = call.mask === undefined ? inputs[0]!.mask : sorted.mask;
  const y = withMask(done.y, passesMask ? behind : undefined);
  return {
    outputs: layer.returnState ? [y, ...done.states] : [y],
    backward([dy, ...dStates], wanted) {
      const { dx, dInitial } = done.backward(dy, dStates, wanted);
      return [dx, ...dInitial];
    },
  };
};
