import type { Engine } from "../engine/engine.ts";
import { ShapeError } from "../errors.ts";
import { writeInput } from "../model/transfer.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import { floats, spreadWeights } from "./batch-targets.ts";
import type { OutputSettings } from "./compile-options.ts";
import type { BatchTensors, StepPlan } from "./step-plan.ts";

/**
 * Writes a batch into its plan's memory.
 *
 * @returns The sample weights of each output, spread to one per row of its loss.
 * @throws {ShapeError} If a target is missing or has other sizes than its output.
 */
export function fillStep(
  engine: Engine,
  settings: readonly OutputSettings[],
  { bound, inputs, targets, weights, rowShapes }: StepPlan,
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
    if (!target) throw new ShapeError(`The target of the output "${name}" is missing.`);
    if (sizeOf(target.shape) !== sizeOf(value.shape)) {
      throw new ShapeError(
        `The target of the output "${name}" must be ${formatShape(value.shape)}; got ${formatShape(target.shape)}.`,
      );
    }
    memory.f32.set(floats(target, "y"), bound.address(value) >> 2);
  });
  return weights.map((value, i) => {
    if (!value) return undefined;
    const all = spreadWeights(batch.weights[i]!, rowShapes[i]!, "sampleWeight");
    memory.f32.set(all, bound.address(value) >> 2);
    return all;
  });
}
