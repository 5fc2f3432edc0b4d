import { type ModelInput, readInputs } from "../../model/inputs.ts";
import type { BatchOptions } from "../gathering.ts";
import type { BatchTensors } from "../step-plan.ts";
import type { Trainer } from "../trainer.ts";
import { tensorList, weightsOfClasses } from "./batch-targets.ts";

/**
 * The arrays of a batch, or of a whole data set, as tensors: an input each, and a target and weights for each output.
 *
 * @param checkBatch - True if the number of samples must be the one that the model's inputs declare.
 * @throws {ShapeError} If an array does not fit the model, or an output has none in a list.
 * @throws {OptionError} If `classWeight` cannot be taken with the rest.
 */
export function readBatch(
  { model, outputNames }: Pick<Trainer, "model" | "outputNames">,
  x: ModelInput,
  y: unknown,
  { sampleWeight, classWeight }: BatchOptions,
  checkBatch: boolean,
): BatchTensors {
  const inputs = readInputs(x, model.inputs, checkBatch);
  const targets = tensorList(y, outputNames, "y");
  const weights = tensorList(sampleWeight, outputNames, "sampleWeight");
  if (!classWeight) return { inputs, targets, weights };
  return { inputs, targets, weights: [weightsOfClasses(targets, { sampleWeight, classWeight })] };
}
