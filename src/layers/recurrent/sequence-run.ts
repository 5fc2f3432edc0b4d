import type { GatheredRows, Place, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import type { Shape } from "../../tensor.ts";

/**
 * A [batch, timesteps, …] block somewhere in memory: rows and steps may lie apart, and steps may run backwards. Strides
 * count elements (bytes for masks); a negative time stride starts at the last step.
 */
export interface Strided {
  readonly place: Place;
  readonly batchStride: number;
  readonly timeStride: number;
}

/** One pass of a cell over a sequence: where everything lies. */
export interface SequenceRun {
  readonly batch: number;
  readonly timesteps: number;
  /** Shape of one step of one row. */
  readonly stepShape: Shape;
  readonly x: Strided;
  /** Where steps are rows of a table; `x` holds the same. */
  readonly gathered?: GatheredSteps | undefined;
  /** One byte a step; 0 keeps the state. */
  readonly mask: Strided | undefined;
  /** The state before the first step, [batch, …] each; undefined starts from zeros. */
  readonly initial: readonly Place[] | undefined;
  /** Where the state after the last step goes. May be the places of `initial`. */
  readonly final: readonly Place[];
  /** Every output, or the last one with `timeStride` unused. */
  readonly y: Strided;
  readonly returnSequences: boolean;
  readonly zeroOutputForMask: boolean;
  /** Masked steps before the first unmasked one put out the initial state instead of zeros. */
  readonly firstMaskedIsInitial: boolean;
  /** Extra inputs that every step sees. */
  readonly constants: readonly Value[];
}

/** Steps given by the numbers of rows: an embedding that has not been spread out. */
export interface GatheredSteps extends GatheredRows {
  /** A value of one number a step, int32, as a block in the order of `x`. */
  readonly blockOf: (numbers: Value) => Strided;
}

/** Shapes of a cell without the batch. */
export interface CellShapes {
  readonly output: Shape;
  readonly states: readonly Shape[];
}

/** What a recurrent layer drives: the fused kernels, a stack of cells, or a cell that plans one step at a time. */
export interface SequenceCell {
  /**
   * Shapes of the output and the states.
   *
   * @param stepShape - Shape of one input step.
   * @throws {ShapeError} If the cell cannot take such steps.
   */
  shapes(stepShape: Shape): CellShapes;
  /** Appends the calls of one pass to the plan. */
  runSequence(p: Planner, run: SequenceRun): void;
  /** True if outputs may be written with any strides, so that a layer around can take them in place. */
  readonly writesStrided: boolean;
}

/** The place `bytes` further on. */
export function shifted(place: Place, bytes: number): Place {
  return { buffer: place.buffer, offset: place.offset + bytes };
}

/** The same block with time running the other way. */
export function reversed(block: Strided, timesteps: number, elementBytes: number): Strided {
  const { place, batchStride, timeStride } = block;
  const last = Math.max(timesteps - 1, 0) * timeStride * elementBytes;
  return { place: shifted(place, last), batchStride, timeStride: -timeStride };
}

/** A dense [batch, timesteps, …] value as a block, or [timesteps, batch, …] if time comes first. */
export function blockOf(value: Value, timeMajor: boolean, width: number): Strided {
  const inner = value.shape[1]!;
  return timeMajor
    ? { place: value, batchStride: width, timeStride: inner * width }
    : { place: value, batchStride: inner * width, timeStride: width };
}
