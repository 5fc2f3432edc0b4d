import { WeightsError } from "../../errors.ts";
import { plainName } from "../options/serialized.ts";
import type { Trainer } from "../trainer.ts";
import { savedOptimizer } from "./optimizer-rules.ts";
import type { OptimizerVariable } from "./optimizer-state.ts";
import { fromSlotLists } from "./saved-slots.ts";

/**
 * Gives the optimizer the state that the model's file holds, if it is one of this optimizer; else it starts afresh, as
 * with a model that was saved without. One of this class that does not fit is left out with a note in `History.notes`.
 *
 * @param trainingConfig - Keras' compile config in the file: slots of another class may have the same shapes.
 * @returns True if the state was taken.
 */
export function resumeFrom(
  trainer: Trainer,
  variables: readonly OptimizerVariable[] | undefined,
  trainingConfig?: unknown,
): boolean {
  if (!variables || variables.length === 0) return false;
  const saved = savedOptimizer(trainingConfig);
  if (saved !== undefined && plainName(saved.slice(saved.lastIndexOf(">") + 1)) !== plainName(trainer.optimizer.name)) {
    return false;
  }
  try {
    const { era, rule } = trainer.optimizer;
    const lists = era === "keras3" ? undefined : fromSlotLists(variables, rule.slots, trainer.parameters.trainable);
    trainer.setOptimizerState(lists ?? variables);
    return true;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    trainer.notes.push(
      `The file's optimizer state is left out, and ${trainer.optimizer.name} starts afresh. ${error.message}`,
    );
    return false;
  }
}
