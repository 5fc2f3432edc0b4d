import { WeightsError } from "../errors.ts";
import type { OptimizerVariable } from "./optimizer-state.ts";
import type { OptimizerEra } from "./optimizers.ts";
import { plainName } from "./serialized.ts";
import type { Trainer } from "./trainer.ts";

/**
 * Gives the optimizer the state that the model's file holds, if it is one of this optimizer; else it starts afresh, as
 * with a model that was saved without.
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
  const saved = optimizerName(trainingConfig);
  if (saved !== undefined && plainName(saved.slice(saved.lastIndexOf(">") + 1)) !== plainName(trainer.optimizer.name))
    return false;
  try {
    trainer.setOptimizerState(variables);
    return true;
  } catch (error) {
    if (error instanceof WeightsError) return false;
    throw error;
  }
}

/** The update rules that a file asks for: tf.keras from 2.11 calls its new optimizers `Custom>Adam` in `.h5` files. */
export function rulesOf(trainingConfig: unknown): OptimizerEra | undefined {
  return optimizerName(trainingConfig)?.startsWith("Custom>") ? "keras3" : undefined;
}

/** The optimizer's class in a compile config of any era; undefined if it does not say it. */
function optimizerName(trainingConfig: unknown): string | undefined {
  const config = trainingConfig as Readonly<Record<string, unknown>> | null | undefined;
  const optimizer = config?.["optimizer"] ?? config?.["optimizer_config"] ?? config?.["optimizerConfig"];
  if (typeof optimizer === "string") return optimizer;
  const { class_name: name, className = name } = (optimizer ?? {}) as Readonly<Record<string, unknown>>;
  return typeof className === "string" ? className : undefined;
}
