import { OptionError } from "../../errors.ts";
import { allLayers } from "../../model/layer-tree.ts";
import { takeRows } from "../../model/rows.ts";
import type { Tensor } from "../../tensor.ts";
import { isOverlap } from "../losses/losses.ts";
import type { BatchTensors } from "../step-plan.ts";
import type { SpanCut, Trainer } from "../trainer.ts";
import { activityRegularizer, sumsActivity } from "../weight-rules.ts";

/** How the step of a batch is cut to take less memory. */
export interface CutOfBatch {
  /** Parts of the batch that are computed one after the other, or on several threads. */
  readonly parts: number;
  /** Time steps that recurrent layers keep at once, computing them anew on the way back; undefined for all. */
  readonly spanSteps?: number | undefined;
}

/** Time steps that recurrent layers take at once where memory is limited and nothing goes back: as fast as all at once. */
const TEST_STEPS = 64;

/** How batches are validated, and looked at beforehand, under a limit of memory: the numbers are the same. */
export const testCut = ({ memoryLimit }: { readonly memoryLimit?: number | undefined }): SpanCut =>
  memoryLimit === undefined ? {} : { spanSteps: TEST_STEPS };

/** Why a batch of the model's cannot be cut without changing what it learns; undefined if it can. */
export function whyWhole(trainer: Trainer): string | undefined {
  const { model, settings, optimizer } = trainer;
  if (!model.sliceable) return "the model's samples depend on each other (stateful layers, operations over the batch)";
  const layers = allLayers(model.root);
  const normalizing = layers.find(({ className }) => className === "BatchNormalization");
  if (normalizing) return `${normalizing} takes the statistics of the whole batch`;
  const spectral = layers.find(({ className }) => className === "SpectralNormalization");
  if (spectral) return `${spectral} changes its kernel with every step`;
  const summed = settings.some(({ loss }) => loss?.reduction === 1);
  if (layers.some((layer) => activityRegularizer(layer) && summed !== sumsActivity(layer))) {
    return "an activity regularizer has other shares than the loss";
  }
  const reductions = new Set(settings.flatMap(({ loss }) => (loss ? [loss.reduction] : [])));
  if (reductions.size > 1 || reductions.has(2)) return "the losses' reductions have no common share of a part";
  if (settings.some(({ loss }) => loss?.ignoreClass !== undefined)) return "a loss leaves out a class";
  if (settings.some(({ loss }) => loss && isOverlap(loss.kind))) return "Dice and Tversky are of a whole batch";
  if (optimizer.accumulationSteps > 1) return "gradients are accumulated over batches already";
  return undefined;
}

/** @throws {OptionError} If a batch of the model's cannot be cut without changing what it learns. */
export function checkCuttable(trainer: Trainer): void {
  const why = whyWhole(trainer);
  if (!why) return;
  throw new OptionError(`fit: \`workers\` and \`shards\` cut batches by samples, and ${why}. Train on one thread.`);
}

/** Cuts a batch into parts of as equal a number of samples as can be, first ones first. */
export function cut({ inputs, targets, weights }: BatchTensors, parts: number): BatchTensors[] {
  const rows = inputs[0]?.shape[0] ?? 0;
  const count = Math.max(1, Math.min(parts, rows));
  const border = (i: number) => Math.round((i * rows) / count);
  return Array.from({ length: count }, (_, i) => {
    const take = <T extends Tensor | undefined>(tensor: T) =>
      (tensor && takeRows(tensor, border(i), border(i + 1))) as T;
    return { inputs: inputs.map(take), targets: targets.map(take), weights: weights.map(take) };
  });
}

export const rowsIn = ({ inputs }: BatchTensors): number => inputs[0]?.shape[0] ?? 0;

/** A part's share in the loss of its batch. */
export function shareOf({ settings }: Trainer, part: BatchTensors, whole: BatchTensors): number {
  const isSum = settings.some(({ loss }) => loss?.reduction === 1);
  return isSum ? 1 : rowsIn(part) / rowsIn(whole);
}
