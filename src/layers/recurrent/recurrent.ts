import { ShapeError, UnsupportedLayerError } from "../../errors.ts";
import { type Place, type Value, withMask } from "../../plan/buffer.ts";
import { copied } from "../../plan/copied.ts";
import type { Planner } from "../../plan/planner.ts";
import { copyView, floats, gather, select, stridesOf } from "../../plan/tensor-ops.ts";
import { formatShape, sizeOf } from "../../tensor.ts";
import { flag, integer } from "../config.ts";
import { type BuildContext, Layer, type LayerCall, type LayerSpec } from "../layer.ts";
import { blockOf, type GatheredSteps, reversed, type SequenceCell, type Strided } from "./sequence-run.ts";

/** What a call of a recurrent layer says, sorted. */
export interface RecurrentInputs {
  readonly x: Value;
  /** Empty if the call gives none. */
  readonly initialState: readonly Value[];
  readonly constants: readonly Value[];
  /** The steps to skip. */
  readonly mask: Value | undefined;
  /** What goes on with the outputs: in Keras 3 the input's own mask, used or not. */
  readonly passedMask: Value | undefined;
}

/** How a wrapper wants a recurrent layer's pass. */
export interface PassOptions {
  /** Where outputs go, strides for [batch, timesteps]; a new tensor by default. */
  readonly target?: Strided;
  /** Writes the outputs in the opposite order of time. */
  readonly flipOutputs?: boolean;
  readonly zeroOutputForMask?: boolean;
  /** Starts from zeros although the layer is stateful. */
  readonly forgetsState?: boolean;
}

/** Results of one pass. */
export interface Pass {
  /** The outputs; undefined if they went to a target. */
  readonly y: Value | undefined;
  readonly states: readonly Value[];
}

/**
 * Sorts the inputs of a recurrent layer: Keras appends initial states and constants to the inputs of a call, or names
 * them. Keras 3 loses the implicit mask where initial states come along.
 */
export function recurrentInputs(
  p: Planner,
  layer: Layer,
  inputs: readonly Value[],
  call: LayerCall,
  numConstants: number,
): RecurrentInputs {
  if (inputs.length === 0) throw new ShapeError(`${layer}: the call has no input.`);
  const [x, ...rest] = inputs.map((value) => floats(p, value)) as [Value, ...Value[]];
  const split = call.constants ? rest.length : Math.max(rest.length - numConstants, 0);
  const constants = call.constants ?? rest.slice(split);
  const initialState = call.initialState ?? rest.slice(0, split);
  const given = Array.isArray(call.mask) ? call.mask[0] : (call.mask as Value | null | undefined);
  const lost = layer.profile.initialStateLosesMask && initialState.length > 0;
  // Recurrent layers get masks as an argument: one that attention has taken off is there for them.
  const own = x.mask && { ...x.mask, taken: false };
  const mask = given === undefined ? (lost ? undefined : own) : (given ?? undefined);
  const { era } = layer.profile;
  const passedMask = era === "keras3" || era === "tfjs" ? own : mask;
  return { x, initialState, constants, mask, passedMask };
}

/** Base of the layers that run a cell over time: [batch, timesteps, …] in, the last output or all of them out. */
export abstract class Recurrent extends Layer {
  abstract readonly cell: SequenceCell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly timeMajor: boolean;
  readonly zeroOutputForMask: boolean;
  readonly numConstants: number;
  readonly unrolled: boolean;
  readonly #firstMaskedIsInitial: boolean;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    const { config } = this;
    this.returnSequences = flag(this, config, "returnSequences", false);
    this.returnState = flag(this, config, "returnState", false);
    this.goBackwards = flag(this, config, "goBackwards", false);
    this.stateful = flag(this, config, "stateful", false);
    this.timeMajor = flag(this, config, "timeMajor", false);
    this.zeroOutputForMask = flag(this, config, "zeroOutputForMask", false);
    this.numConstants = integer(this, config, "numConstants", 0);
    this.unrolled = flag(this, config, "unroll", false);
    // tf.js loops whatever `unroll` says.
    const looped = !this.unrolled || this.profile.era === "tfjs";
    this.#firstMaskedIsInitial = this.profile.firstMaskedOutput === "initialState" && looped;
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const sorted = recurrentInputs(p, this, inputs, call, this.numConstants);
    const { y, states } = this.pass(p, sorted);
    const passesMask = this.returnSequences && this.profile.recurrentPassesMask;
    const out = withMask(y!, passesMask ? sorted.passedMask : undefined);
    return this.returnState ? [out, ...states] : [out];
  }

  /** Plans one pass over the sequence. Wrappers call it to say where the outputs go. */
  pass(p: Planner, inputs: RecurrentInputs, options: PassOptions = {}): Pass {
    const { x, initialState, constants } = inputs;
    if (x.shape.length < 3 || x.dtype === "string") {
      throw new ShapeError(`${this}: expected an input of [batch, timesteps, features]; got ${formatShape(x.shape)}.`);
    }
    if (p.session && this.goBackwards) {
      throw new UnsupportedLayerError(
        `${this} runs backwards in time (go_backwards), so that its first output needs the last input. A session feeds steps one after another: use predict on the whole sequence.`,
      );
    }
    const [batch, timesteps] = this.timeMajor ? [x.shape[1]!, x.shape[0]!] : [x.shape[0]!, x.shape[1]!];
    const stepShape = x.shape.slice(2);
    const shapes = this.cell.shapes(stepShape);
    const width = sizeOf(shapes.output);
    const lead = this.timeMajor ? [timesteps, batch] : [batch, timesteps];
    const y = options.target
      ? undefined
      : p.tensor(this.returnSequences ? [...lead, ...shapes.output] : [batch, ...shapes.output]);
    const outputs =
      options.target ??
      (this.returnSequences ? blockOf(y!, this.timeMajor, width) : { place: y!, batchStride: width, timeStride: 0 });
    const states = shapes.states.map((shape) => [batch, ...shape]);
    const kept = (this.stateful && !options.forgetsState) || p.session ? this.#keptStates(p, states) : undefined;
    const final = kept ?? states.map((shape) => p.tensor(shape));
    const mask = this.#checkMask(inputs.mask, lead);
    const target = options.flipOutputs && this.returnSequences ? reversed(outputs, timesteps, 4) : outputs;
    const zeroes = options.zeroOutputForMask ?? this.zeroOutputForMask;
    const zeroesForward = zeroes && this.unrolled && this.goBackwards && this.returnSequences && mask !== undefined;
    const outputsOf = zeroesForward ? blockOf(p.tensor([batch, timesteps, width]), false, width) : target;
    const direct = (block: Strided, bytes: number) => (this.goBackwards ? reversed(block, timesteps, bytes) : block);
    this.cell.runSequence(p, {
      batch,
      timesteps,
      stepShape,
      x: direct(blockOf(x, this.timeMajor, sizeOf(stepShape)), 4),
      gathered: this.#gatheredSteps(x, direct),
      mask: mask && direct(blockOf(mask, this.timeMajor, 1), 1),
      initial: initialState.length > 0 ? this.#checkStates(p, initialState, states) : kept,
      final,
      y: outputsOf,
      returnSequences: this.returnSequences,
      zeroOutputForMask: zeroes && !zeroesForward,
      // In a session the first step of a chunk repeats the output before it, which is the state.
      firstMaskedIsInitial: this.#firstMaskedIsInitial || p.session,
      constants,
    });
    if (zeroesForward) {
      putUnmasked(p, blockOf(mask, this.timeMajor, 1), outputsOf.place, target, [batch, timesteps, width]);
    }
    if (!this.returnState) return { y, states: [] };
    return { y, states: final.map((place, i) => this.#stateOutput(p, place, states[i]!, kept !== undefined)) };
  }

  /** Cells may multiply a row of an embedding once instead of at each step. */
  #gatheredSteps(x: Value, direct: (block: Strided, bytes: number) => Strided): GatheredSteps | undefined {
    const { gathered } = x;
    if (!gathered || x.shape.length !== 3) return undefined;
    const { of } = gathered;
    if (of.buffer !== x.buffer || of.offset !== x.offset || !sameShape(of.shape, x.shape)) return undefined;
    return { ...gathered, blockOf: (numbers) => direct(blockOf(numbers, this.timeMajor, 1), 4) };
  }

  #keptStates(p: Planner, shapes: readonly (readonly number[])[]): readonly Place[] {
    return shapes.map((shape, i) => ({ buffer: p.states.state(this, `state${i}`, shape), offset: 0 }));
  }

  /** Kept states change with the next run or call, so that an output is a copy. */
  #stateOutput(p: Planner, place: Place, shape: readonly number[], isKept: boolean): Value {
    const value: Value = { ...place, shape, dtype: "float32" };
    return isKept ? copied(p, value) : value;
  }

  #checkMask(mask: Value | undefined, lead: readonly number[]): Value | undefined {
    if (!mask) return undefined;
    const fits = mask.shape.length === 2 && mask.shape[0] === lead[0] && mask.shape[1] === lead[1];
    if (mask.dtype === "bool" && fits) return mask;
    if (mask.shape.length === 3 && mask.shape[2] === 1 && mask.shape[0] === lead[0] && mask.shape[1] === lead[1]) {
      return { ...mask, shape: lead };
    }
    throw new ShapeError(
      `${this}: the mask must be bool of ${formatShape(lead)}; got ${mask.dtype} of ${formatShape(mask.shape)}.`,
    );
  }

  #checkStates(p: Planner, given: readonly Value[], wanted: readonly (readonly number[])[]): readonly Place[] {
    if (p.session) {
      throw new UnsupportedLayerError(
        `${this} is called with initial states, which would start it anew with every step of a session. Use predict.`,
      );
    }
    const fits = given.length === wanted.length && wanted.every((shape, i) => sameShape(shape, given[i]!.shape));
    if (!fits) {
      const list = (shapes: readonly (readonly number[])[]) => shapes.map((shape) => formatShape(shape)).join(", ");
      throw new ShapeError(
        `${this}: expected ${wanted.length} initial states (${list(wanted)}); got ${given.length} (${list(given.map((value) => value.shape))}).`,
      );
    }
    return given;
  }
}

/**
 * Unrolled and backwards, Keras zeroes the outputs, which lie in the order of processing, by the mask in the order of
 * time.
 */
function putUnmasked(
  p: Planner,
  mask: Strided,
  from: Place,
  to: Strided,
  shape: readonly [number, number, number],
): void {
  const [batch, timesteps] = shape;
  const steps = [batch, timesteps, 1];
  const bits = gather(p, { place: mask.place, strides: [mask.batchStride, mask.timeStride, 0] }, steps, "bool");
  const kept = select(p, bits, { ...from, shape, dtype: "float32" }, 0);
  const target = { place: to.place, strides: [to.batchStride, to.timeStride, 1] };
  copyView(p, target, { place: kept, strides: stridesOf(shape) }, shape, "float32");
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
