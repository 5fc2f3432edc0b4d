import { WeightsError } from "../errors.ts";
import type { OptimizerVariable } from "./optimizer-state.ts";
import type { Trainer } from "./trainer.ts";

/**
 * Gives the optimizer the state that the model's file holds, if it is one of this optimizer; else it starts afresh, as
 * with a model that was saved without.
 *
 * @returns True if the state was taken.
 */
export function resumeFrom(trainer: Trainer, variables: readonly OptimizerVariable[] | undefined): boolean {
  if (!variables || variables.length === 0) return false;
  try {
    trainer.setOptimizerState(variables);
    return true;
  } catch (error) {
    if (error instanceof WeightsError) return false;
    throw error;
  }
}
