import { ShapeError } from "../../errors.ts";
import type { SpanCut, Trainer } from "../trainer.ts";
import { batches, type Dataset } from "./dataset.ts";

/**
 * Looks at every batch of a data set without computing it: what does not fit is told before anything is trained.
 *
 * @param what - How messages call the data.
 * @param cut - How its plans save memory.
 * @throws {ShapeError} If a target or a weight does not fit its output, a class number is none, or an index is outside
 * its table.
 */
export function checkData(trainer: Trainer, data: Dataset, batchSize: number, what: string, cut: SpanCut): void {
  let first = 0;
  for (const { x, y, options } of batches(data, batchSize)) {
    try {
      trainer.check(x, y, options, cut);
    } catch (error) {
      if (!(error instanceof ShapeError) || data.length <= batchSize) throw error;
      const last = Math.min(first + batchSize, data.length) - 1;
      throw new ShapeError(`${error.message} The batch holds the samples ${first} to ${last} of ${what}.`);
    }
    first += batchSize;
  }
}
