import { OptionError } from "../../errors.ts";
import type { BatchOptions } from "../gathering.ts";
import type { BatchTensors } from "../step-plan.ts";
import type { StepSize } from "../step-runner.ts";
import type { Trainer } from "../trainer.ts";
import { type CutOfBatch, cut, rowsIn, shareOf, whyWhole } from "./cut-batch.ts";

/** Bytes that a step takes, known before it runs. */
export interface StepMemory extends CutOfBatch {
  /** Weights, gradients and the optimizer's slots. */
  readonly persistent: number;
  /** What the way back needs of the way there. */
  readonly tape: number;
  readonly total: number;
}

/** Options of `model.trainingMemory`. */
export interface MemoryOptions extends BatchOptions {
  /** As `fit` takes them. */
  readonly shards?: number;
  readonly memoryLimit?: number;
}

/** What `model.trainingMemory` tells: the step as `fit` would take it. */
export interface TrainingMemory extends StepMemory {
  /** The least `memoryLimit` that `fit` keeps with such a batch. */
  readonly least: number;
}

/** The bytes of a step, within a limit if there is one. @throws {OptionError} If the limit cannot be kept. */
export function trainingMemory(trainer: Trainer, batch: BatchTensors, options: MemoryOptions): TrainingMemory {
  const { shards: parts = 1, memoryLimit } = options;
  const isLimited = memoryLimit !== undefined;
  // First: gradients have their places then, as they have where `fit` looks for a cut.
  const step = isLimited ? cutWithin(trainer, batch, parts, memoryLimit) : stepMemory(trainer, batch, { parts });
  return { ...step, least: leastMemory(trainer, batch, parts).total };
}

/** The bytes of a step on a batch that is cut, or not. */
export function stepMemory(trainer: Trainer, batch: BatchTensors, of: CutOfBatch): StepMemory {
  const { tape } = sizeOfPart(trainer, batch, of);
  // Its plan has taken the gradients' places by now.
  const { persistent } = trainer.memory;
  return { persistent, tape, total: persistent + tape, ...of };
}

/** What the largest part of a batch takes. */
function sizeOfPart(trainer: Trainer, batch: BatchTensors, { parts, spanSteps }: CutOfBatch): StepSize {
  const part = cut(batch, parts).reduce((largest, other) => (rowsIn(other) > rowsIn(largest) ? other : largest));
  return trainer.stepSize(part, { ...(parts > 1 && { share: shareOf(trainer, part, batch) }), spanSteps });
}

/** Numbers of parts from `least` on, each of another largest part; only `least` if the batch cannot be cut. */
function partsFrom(trainer: Trainer, batch: BatchTensors, least: number): readonly number[] {
  const rows = rowsIn(batch);
  const parts = [least];
  if (whyWhole(trainer)) return parts;
  for (let count = least + 1; count <= rows; count++) {
    if (Math.ceil(rows / count) < Math.ceil(rows / parts.at(-1)!)) parts.push(count);
  }
  return parts;
}

/** Spans from half of the longest sequence on, each half of the one before, while that takes less. */
function* spansOf(trainer: Trainer, batch: BatchTensors, parts: number): Generator<StepMemory> {
  const { longest } = sizeOfPart(trainer, batch, { parts });
  let before = Number.POSITIVE_INFINITY;
  for (let spanSteps = longest; spanSteps > 1; ) {
    spanSteps = Math.ceil(spanSteps / 2);
    const now = stepMemory(trainer, batch, { parts, spanSteps });
    if (now.tape >= before) return;
    yield now;
    before = now.tape;
  }
}

/**
 * The ways to cut a batch, what takes the least time first. Parts of four samples and more cost nothing, one sample at a
 * time takes 1.0 to 1.3 times as long (64 to 256 units), whereas spans compute the way there twice, 1.3 times as long whatever
 * their length, and more for one sample at a time. So parts alone come first, then spans of as many samples as can be.
 */
function* ways(trainer: Trainer, batch: BatchTensors, least: number): Generator<StepMemory> {
  const counts = partsFrom(trainer, batch, least);
  for (const parts of counts) yield stepMemory(trainer, batch, { parts });
  for (const parts of counts) yield* spansOf(trainer, batch, parts);
}

/** The least bytes in which a batch can be trained, and how. */
export function leastMemory(trainer: Trainer, batch: BatchTensors, least: number): StepMemory {
  const parts = partsFrom(trainer, batch, least).at(-1)!;
  const all = [stepMemory(trainer, batch, { parts }), ...spansOf(trainer, batch, parts)];
  return all.reduce((best, way) => (way.total < best.total ? way : best));
}

/**
 * The cut, of `least` parts or more, with which a batch takes no more than `limit` bytes.
 *
 * @throws {OptionError} If none does.
 */
export function cutWithin(trainer: Trainer, batch: BatchTensors, least: number, limit: number): StepMemory {
  for (const way of ways(trainer, batch, least)) if (way.total <= limit) return way;
  const whole = stepMemory(trainer, batch, { parts: least });
  const smallest = leastMemory(trainer, batch, least);
  const why = whyWhole(trainer);
  throw new OptionError(
    `fit: a batch of ${rowsIn(batch)} takes ${megabytes(whole.total)} and, ${cutText(smallest) || "as it is"}, ${megabytes(smallest.total)}${why ? ` (its samples are not taken apart: ${why})` : ""}; \`memoryLimit\` is ${megabytes(limit)}. Shorten the sequences, or give it ${smallest.total} bytes.`,
  );
}

/** A cut in words. */
export function cutText({ parts, spanSteps }: CutOfBatch): string {
  const texts = [];
  if (parts > 1) texts.push(`in ${parts} parts`);
  if (spanSteps) texts.push(`with ${spanSteps} time steps kept at once and computed anew on the way back`);
  return texts.join(", ");
}

const megabytes = (bytes: number): string => `${Number((bytes / 1e6).toPrecision(3))} MB`;
