import { ShapeError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import { Breathing } from "./breathe.ts";
import { batchFrom, iterableOf } from "./data/batch-source.ts";
import { type Batch, batches, type Dataset, dataset } from "./data/dataset.ts";
import type { BatchOptions, Logs } from "./gathering.ts";
import { whole } from "./options/fit-options.ts";
import type { SpanCut, Trainer } from "./trainer.ts";

/** What is evaluated: a data set, or what gives batches; `steps` batches of it, or all. */
export interface TestData {
  readonly set?: Dataset;
  readonly open?: () => AsyncIterable<unknown> | Iterable<unknown>;
  readonly steps: number | undefined;
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends BatchOptions {
  /** 32 by default. */
  readonly batchSize?: number;
  /** Batches that are looked at; all by default. */
  readonly steps?: number;
  /** Keras' own spellings are taken as well. */
  readonly [key: string]: unknown;
}

/**
 * Data to evaluate: [x, y] or [x, y, sampleWeight], an iterable of such batches, or a function that gives one.
 *
 * @throws {ShapeError} If tensors differ in their number of samples.
 */
export function testData(trainer: Trainer, value: unknown, steps: number | undefined): TestData {
  const open = iterableOf(value);
  if (open) return { open: () => open(0), steps };
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) {
    throw new ShapeError("`validationData` must be [x, y] or [x, y, sampleWeight], or an iterable of such batches.");
  }
  const [x, y, sampleWeight] = value as [ModelInput, unknown, unknown];
  return { set: dataset(x, y, { sampleWeight }, trainer), steps };
}

/** Loss and metrics over data in inference mode; the event loop runs between batches. */
export async function evaluateOn(
  trainer: Trainer,
  { set, open, steps = Number.POSITIVE_INFINITY }: TestData,
  batchSize: number,
  breathing = new Breathing(),
  cut: SpanCut = {},
): Promise<Logs> {
  const gathering = trainer.gathering();
  const source = set ? batches(set, batchSize) : batchesOf(open!(), steps);
  let seen = 0;
  for await (const { x, y, options } of source) {
    if (seen++ >= steps) break;
    trainer.step("test", x, y, options, gathering, cut);
    await breathing.breathe();
  }
  if (seen === 0) throw new ShapeError("There is nothing to evaluate: the data hold no samples.");
  return trainer.logs(gathering);
}

/** Batches of an iterable that may be asked again for the next ones: it is left as it is after `steps`. */
async function* batchesOf(source: AsyncIterable<unknown> | Iterable<unknown>, steps: number): AsyncGenerator<Batch> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  for (let i = 0; i < steps; i++) {
    const { value, done } = await iterator.next();
    if (done) return;
    yield batchFrom(value);
  }
}

/**
 * Loss and metrics over arrays, or over an iterable of batches, in inference mode.
 *
 * @returns Keras' names: `loss`, metrics, and for several outputs their losses.
 * @throws {OptionError} If `batchSize` or `steps` is no whole number from 1.
 */
export async function evaluate(trainer: Trainer, x: unknown, y: unknown, options: EvaluateOptions = {}): Promise<Logs> {
  const batchSize = whole(options.batchSize ?? 32, "batchSize", 1, "evaluate");
  const steps = options.steps === undefined ? undefined : whole(options.steps, "steps", 1, "evaluate");
  const open = y === undefined || y === null ? iterableOf(x) : undefined;
  const data = open ? { open: () => open(0), steps } : { set: dataset(x as ModelInput, y, options, trainer), steps };
  return evaluateOn(trainer, data, batchSize);
}
