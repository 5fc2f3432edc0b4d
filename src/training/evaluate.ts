import type { ModelInput } from "../model/inputs.ts";
import { Breathing } from "./breathe.ts";
import { batches, type Dataset, dataset } from "./dataset.ts";
import type { BatchOptions, Logs } from "./gathering.ts";
import type { Trainer } from "./trainer.ts";

/** Loss and metrics over a data set in inference mode; the event loop runs between batches. */
export async function evaluateOn(
  trainer: Trainer,
  data: Dataset,
  batchSize: number,
  breathing = new Breathing(),
): Promise<Logs> {
  const gathering = trainer.gathering();
  for (const { x, y, options } of batches(data, batchSize)) {
    trainer.step("test", x, y, options, gathering);
    await breathing.breathe();
  }
  return trainer.logs(gathering);
}

/**
 * Loss and metrics over arrays, batch by batch in inference mode.
 *
 * @returns Keras' names: `loss`, metrics, and for several outputs their losses.
 */
export async function evaluate(
  trainer: Trainer,
  x: ModelInput,
  y: unknown,
  options: BatchOptions & { readonly batchSize?: number } = {},
): Promise<Logs> {
  return evaluateOn(trainer, dataset(x, y, options, trainer), options.batchSize ?? 32);
}
