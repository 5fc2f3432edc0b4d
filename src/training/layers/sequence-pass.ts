import { ACTIVATION_CODES } from "../../engine/activation-codes.ts";
import { UnsupportedLayerError } from "../../errors.ts";
import { real } from "../../layers/config.ts";
import type { FusedSteps } from "../../layers/fused-cell.ts";
import { GruSteps } from "../../layers/gru.ts";
import { LstmSteps } from "../../layers/lstm.ts";
import { shifted } from "../../layers/sequence-run.ts";
import { SimpleRnnSteps } from "../../layers/simple-rnn.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import { SLOPE_OF_OUTPUT } from "../slopes.ts";
import { packedBytes, type Tape } from "../tape.ts";

/** One cell over a sequence, time first: what goes in. */
export interface CellRun {
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
  /** [timesteps, batch, features], masked steps zero. */
  readonly x: Place;
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
interface Drops {
  readonly input: readonly Place[];
  readonly recurrent: Place | undefined;
}

const place = (tape: Tape, floats: number): Place => ({ buffer: tape.p.buffer(4 * floats), offset: 0 });

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

function checkSlope(steps: FusedSteps, code: number, key: string): void {
  if (SLOPE_OF_OUTPUT.has(code) || code === ACTIVATION_CODES.relu) return;
  throw new UnsupportedLayerError(
    `${steps.owner}: the ${key} ${JSON.stringify(steps.owner.config[key])} has no gradient here inside a recurrent layer. Use tanh, sigmoid, hard_sigmoid, relu, elu, selu, softsign, softplus, exponential or linear.`,
  );
}

/** Runs a cell over a sequence on the tape. @throws {UnsupportedLayerError} If the cell has no gradient. */
export function cellPass(tape: Tape, steps: FusedSteps, run: CellRun): CellPass {
  const { owner, units, gates } = steps;
  const { batch, timesteps, features } = run;
  const rows = batch * timesteps;
  const state = batch * units;
  const width = gates * units;
  const kernel = tape.needWeight(owner, "kernel");
  const recurrentKernel = tape.needWeight(owner, "recurrentKernel");
  const dropped = drops(tape, steps, run);
  const parts = Math.max(1, dropped.input.length);
  const columns = width / parts;
  const z = place(tape, rows * width);
  const bias = steps.useBias ? tape.weight(owner, "bias") : undefined;
  for (let part = 0; part < parts; part++) {
    let x = run.x;
    const m = dropped.input[part];
    if (m) {
      x = place(tape, rows * features);
      tape.emit("scaleSteps", { y: x, x: run.x, m, steps: timesteps, count: batch * features });
    }
    tape.product({
      y: shifted(z, 4 * part * columns),
      yStride: width,
      a: x,
      b: shifted(kernel, 4 * part * columns),
      bStride: width,
      bias: bias && shifted(bias, 4 * part * columns),
      rows,
      depth: features,
      columns,
    });
  }

  const hs = place(tape, (timesteps + 1) * state);
  start(tape, hs, run.initial?.[0], state);
  const panels = packGates(tape, recurrentKernel, units, gates, false);
  const mask = run.mask ?? 0;
  const drop = dropped.recurrent ?? 0;
  const scratch = place(tape, 2 * state);
  const cell = kindOf(tape, steps, { run, z, hs, panels, mask, drop, scratch, rows, state });
  cell.forward();
  const last = (of: Place) => shifted(of, 4 * timesteps * state);

  return {
    h: shifted(hs, 4 * state),
    states: [last(hs), ...(cell.cs ? [last(cell.cs)] : [])],
    backward(dy, dStates, wantX) {
      const dh = place(tape, state);
      start(tape, dh, dStates[0], state);
      const dc = cell.cs && place(tape, state);
      if (dc) start(tape, dc, dStates[1], state);
      const turned = packGates(tape, recurrentKernel, units, gates, true);
      cell.backward(dy ?? 0, dh, dc, turned);
      weightGradients();
      return { dx: wantX ? inputGradient() : undefined, dInitial: dc ? [dh, dc] : [dh] };
    },
  };

  function weightGradients(): void {
    const dBias = steps.useBias ? tape.sink(owner, "bias") : undefined;
    const dKernel = tape.sink(owner, "kernel");
    const dRecurrent = tape.sink(owner, "recurrentKernel");
    for (let part = 0; dKernel && part < parts; part++) {
      const m = dropped.input[part];
      tape.productOfRows({
        y: shifted(dKernel, 4 * part * columns),
        yStride: width,
        a: run.x,
        factors: m && { at: m, period: batch },
        b: shifted(z, 4 * part * columns),
        bStride: width,
        rows,
        columnsA: features,
        columnsB: columns,
        accumulate: dKernel.accumulate,
      });
    }
    // Where the recurrent gradients pass over all of z, they sum the bias's on their way.
    const sums = dRecurrent && cell.sumsBias ? dBias : undefined;
    if (dBias && !sums) cell.biasGradient(dBias);
    if (sums?.accumulate === 0) tape.emit("zeroBytes", { y: sums, bytes: 4 * width });
    if (dRecurrent) cell.recurrentGradient(dRecurrent, dRecurrent.accumulate, sums);
  }

  function inputGradient(): Place {
    let dx: Place | undefined;
    for (let part = 0; part < parts; part++) {
      const own = place(tape, rows * features);
      tape.product({
        y: own,
        a: shifted(z, 4 * part * columns),
        aStride: width,
        b: shifted(kernel, 4 * part * columns),
        bStride: width,
        transposed: true,
        rows,
        depth: columns,
        columns: features,
      });
      const mask = dropped.input[part];
      if (mask) tape.emit("scaleSteps", { y: own, x: own, m: mask, steps: timesteps, count: batch * features });
      if (dx) tape.emit("addTo", { y: dx, a: dx, b: own, count: rows * features });
      dx ??= own;
    }
    return dx!;
  }
}

/** What every kind of cell works on. */
interface CellPlaces {
  readonly run: CellRun;
  readonly z: Place;
  readonly hs: Place;
  readonly panels: Place;
  readonly mask: Place | 0;
  readonly drop: Place | 0;
  readonly scratch: Place;
  readonly rows: number;
  readonly state: number;
}

/** What differs between the cells. */
interface CellKind {
  readonly cs?: Place;
  forward(): void;
  /** Turns z into its gradient. */
  backward(dy: Place | 0, dh: Place, dc: Place | undefined, turned: Place): void;
  /** True if `recurrentGradient` can add the bias's gradient to `sums`. */
  readonly sumsBias: boolean;
  biasGradient(sink: Place & { accumulate: number }): void;
  recurrentGradient(sink: Place, accumulate: number, sums?: Place): void;
}

function kindOf(tape: Tape, steps: FusedSteps, at: CellPlaces): CellKind {
  if (steps instanceof LstmSteps) return lstmKind(tape, steps, at);
  if (steps instanceof GruSteps) return gruKind(tape, steps, at);
  if (steps instanceof SimpleRnnSteps) return simpleKind(tape, steps, at);
  throw new UnsupportedLayerError(`${steps.owner} cannot be trained here: no gradient is known for this cell.`);
}

function sizes({ run }: CellPlaces, units: number) {
  return { batch: run.batch, timesteps: run.timesteps, units };
}

/** dU: the states before each step against the gradients of gates `first` … of z or another block. */
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
  for (const { b, stride, gate, count, a } of blocks) {
    const each = at.drop === 0 ? 1 : count;
    for (let i = 0; i < each; i++) {
      const drop = at.drop === 0 ? undefined : shifted(at.drop, 4 * (gate + i) * at.state);
      tape.productOfRows({
        y: shifted(sink, 4 * (gate + i) * units),
        yStride: gates * units,
        a: a ?? at.hs,
        factors: drop && { at: drop, period: at.run.batch },
        b: shifted(b, 4 * i * units),
        bStride: stride,
        sums: sums && shifted(sums, 4 * (gate + i) * units),
        rows: at.rows,
        columnsA: units,
        columnsB: (count / each) * units,
        accumulate,
      });
    }
  }
}

function simpleKind(tape: Tape, steps: SimpleRnnSteps, at: CellPlaces): CellKind {
  const { units, activation } = steps;
  checkSlope(steps, activation, "activation");
  const { z, hs, panels, mask, drop, scratch } = at;
  const common = { z, hs, mask, drop, scratch, activation, ...sizes(at, units) };
  return {
    forward: () => tape.emit("simpleRnnTrain", { ...common, panels }),
    backward: (dy, dh, _dc, turned) => tape.emit("simpleRnnTrainBack", { ...common, dz: z, dy, dh, panels: turned }),
    biasGradient: (y) =>
      tape.emit("sumRows", { y, x: z, xStride: units, rows: at.rows, width: units, accumulate: y.accumulate }),
    sumsBias: true,
    recurrentGradient: (sink, accumulate, sums) =>
      gateGradients(tape, at, units, 1, sink, accumulate, [{ b: z, stride: units, gate: 0, count: 1 }], sums),
  };
}

function lstmKind(tape: Tape, steps: LstmSteps, at: CellPlaces): CellKind {
  const { units, activation, recurrentActivation } = steps;
  checkSlope(steps, activation, "activation");
  checkSlope(steps, recurrentActivation, "recurrentActivation");
  const { z, hs, panels, mask, drop, scratch } = at;
  const cs = place(tape, (at.run.timesteps + 1) * at.state);
  start(tape, cs, at.run.initial?.[1], at.state);
  const acts = place(tape, at.rows * units);
  const common = { z, cs, acts, mask, drop, scratch, activation, recurrentActivation, ...sizes(at, units) };
  return {
    cs,
    forward: () => tape.emit("lstmTrain", { ...common, hs, panels }),
    backward: (dy, dh, dc, turned) => tape.emit("lstmTrainBack", { ...common, dy, dh, dc: dc!, panels: turned }),
    biasGradient: (y) =>
      tape.emit("sumRows", { y, x: z, xStride: 4 * units, rows: at.rows, width: 4 * units, accumulate: y.accumulate }),
    sumsBias: true,
    recurrentGradient: (sink, accumulate, sums) =>
      gateGradients(tape, at, units, 4, sink, accumulate, [{ b: z, stride: 4 * units, gate: 0, count: 4 }], sums),
  };
}

function gruKind(tape: Tape, steps: GruSteps, at: CellPlaces): CellKind {
  const { units, activation, recurrentActivation } = steps;
  checkSlope(steps, activation, "activation");
  checkSlope(steps, recurrentActivation, "recurrentActivation");
  const resetAfter = Number(steps.resetAfter);
  const { z, hs, panels, mask, drop, scratch, rows } = at;
  const width = 3 * units;
  const rec = place(tape, rows * units);
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
      tape.emit("sumRows", { y, x: z, xStride: width, rows, width, accumulate });
      if (!steps.resetAfter) return;
      const second = shifted(y, 4 * width);
      tape.emit("sumRows", { y: second, x: z, xStride: width, rows, width: 2 * units, accumulate });
      tape.emit("sumRows", { y: shifted(second, 8 * units), x: rec, xStride: units, rows, width: units, accumulate });
    },
    recurrentGradient: (sink, accumulate) => {
      const candidate = steps.resetAfter
        ? { b: rec, stride: units, gate: 2, count: 1 }
        : { b: shifted(z, 8 * units), stride: width, gate: 2, count: 1, a: rec };
      gateGradients(tape, at, units, 3, sink, accumulate, [{ b: z, stride: width, gate: 0, count: 2 }, candidate]);
    },
  };
}

/** The first rows of a state: copied, or zeros. */
function start(tape: Tape, y: Place, from: Place | undefined, floats: number): void {
  if (from) tape.emit("copyBytes", { y, x: from, bytes: 4 * floats });
  else tape.emit("zeroBytes", { y, bytes: 4 * floats });
}

/** U, or its transposes, packed gate by gate. */
function packGates(tape: Tape, kernel: Place, units: number, gates: number, transposed: boolean): Place {
  const bytes = packedBytes(units, units);
  const panels = { buffer: tape.p.buffer(bytes * gates), offset: 0 };
  const stride = gates * units;
  for (let gate = 0; gate < gates; gate++) {
    tape.emit("packProduct", {
      panels: shifted(panels, bytes * gate),
      source: shifted(kernel, 4 * gate * units),
      depth: units,
      columns: units,
      rowStride: transposed ? 1 : stride,
      columnStride: transposed ? stride : 1,
    });
  }
  return panels;
}

/** Reads a state's place as a tensor. */
export function stateValue(from: Place, batch: number, units: number): Value {
  return { ...from, shape: [batch, units], dtype: "float32" };
}
