import type { Engine } from "../engine/engine.ts";
import { ShapeError } from "../errors.ts";
import { writeInput } from "../model/transfer.ts";
import { formatShape, type Shape } from "../tensor.ts";
import { floats, spreadWeights } from "./data/batch-targets.ts";
import { isSparse, type LossKind, type LossSpec } from "./losses/losses.ts";
import type { OutputSettings } from "./options/compile-options.ts";
import type { BatchTensors, StepPlan } from "./step-plan.ts";

/**
 * Writes a batch into its plan's memory.
 *
 * @returns The sample weights of each output, spread to one per row of its loss.
 * @throws {ShapeError} If a target is missing or has other sizes than its output, or a class number is none.
 */
export function fillStep(
  engine: Engine,
  settings: readonly OutputSettings[],
  { bound, inputs, targets, weights, rowShapes, outputs }: StepPlan,
  batch: BatchTensors,
): readonly (Float32Array | undefined)[] {
  const { memory } = engine;
  inputs.forEach((value, i) => {
    writeInput(memory, bound.address(value), batch.inputs[i]!, value.dtype);
  });
  targets.forEach((value, i) => {
    const { name, loss } = settings[i]!;
    if (!loss) return;
    const target = batch.targets[i];
    if (!target) {
      throw new ShapeError(
        `The target of the output "${name}" is missing: it has a loss, so that y must hold ${formatShape(value.shape)} for it.`,
      );
    }
    if (!fits(target.shape, value.shape)) {
      throw new ShapeError(
        `The target of the output "${name}" must be ${formatShape(value.shape)}; got ${formatShape(target.shape)}.${hint(loss.kind, target.shape, value.shape)}`,
      );
    }
    const values = floats(target, "y");
    if (isSparse(loss.kind)) checkLabels(values, loss, outputs[i]!.shape.at(-1)!, name);
    memory.f32.set(values, bound.address(value) >> 2);
  });
  return weights.map((value, i) => {
    if (!value) return undefined;
    const all = spreadWeights(batch.weights[i]!, rowShapes[i]!, "sampleWeight");
    memory.f32.set(all, bound.address(value) >> 2);
    return all;
  });
}

/** As in Keras, a last axis of one may be there or not. */
function fits(got: Shape, wanted: Shape): boolean {
  const bare = (shape: Shape) => (shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape).join();
  return bare(got) === bare(wanted);
}

function hint(kind: LossKind, got: Shape, wanted: Shape): string {
  if (isSparse(kind) && got.length === wanted.length + 1) {
    return " The loss takes class numbers; one-hot rows belong to categorical_crossentropy.";
  }
  const isBare = got.join() === wanted.slice(0, -1).join() || got.join() === [...wanted.slice(0, -1), 1].join();
  if (kind.startsWith("categorical") && isBare) {
    return " The loss takes one-hot rows: class numbers belong to sparse_categorical_crossentropy, or toCategorical makes rows of them.";
  }
  return "";
}

/** @throws {ShapeError} If a target is no number of a class: Keras on a CPU refuses it, too. */
function checkLabels(labels: Float32Array, { ignoreClass }: LossSpec, classes: number, output: string): void {
  const bad = labels.findIndex(
    (label) => !(Number.isInteger(label) && label >= 0 && label < classes) && label !== ignoreClass,
  );
  if (bad < 0) return;
  throw new ShapeError(
    `The target of the output "${output}" must be class numbers, 0 to ${classes - 1}; got ${labels[bad]} (number ${bad} of the batch).`,
  );
}
