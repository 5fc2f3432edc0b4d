import { OptionError, ShapeError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import type { InferenceModel, PredictOptions } from "../model/model.ts";
import { isTensor, type OpenShape, type TensorLike, toTensor } from "../tensor.ts";
import {
  type DraftedGraph,
  declaredInput,
  draftOf,
  type SequentialItem,
  sequentialGraph,
} from "../training/builder/index.ts";
import { byEpoch, iterableOf } from "../training/data/batch-source.ts";
import type { EvaluateOptions } from "../training/evaluate.ts";
import type { History } from "../training/fit-run.ts";
import type { BatchOptions, Logs } from "../training/gathering.ts";
import type { FitOptions } from "../training/options/fit-options.ts";
import { Model, type Prediction } from "./model.ts";
import type { OutputTarget } from "./output-target.ts";
import type { Platform } from "./source.ts";

/** Makes a model's inside from its graph. */
export type Assemble = (drafted: DraftedGraph) => InferenceModel;

/** Layers whose weights or shapes follow from the number of timesteps. */
const PINNED: readonly string[] = ["Flatten", "Reshape", "Permute"];

/**
 * A model of layers one after the other. It gets its weights as soon as its input is known: from the layers, from
 * {@link build}, or from the first data.
 *
 * @example
 * const model = sequential();
 * model.add(embedding(20000, 128));
 * model.add(lstm(128, { dropout: 0.2, recurrentDropout: 0.2 }));
 * model.add(dense(1, { activation: "sigmoid" }));
 */
export class SequentialModel extends Model {
  readonly #layers: SequentialItem[];
  readonly #name: string;
  readonly #assemble: Assemble;
  readonly #notes: string[];
  #built: InferenceModel | undefined;

  constructor(
    layers: readonly SequentialItem[],
    name: string,
    assemble: Assemble,
    platform: Platform | undefined,
    kerasVersion: string,
    self?: object,
  ) {
    const notes: string[] = [];
    super(undefined, { format: "built here", kerasVersion, notes }, platform, self);
    this.#layers = [...layers];
    this.#name = name;
    this.#assemble = assemble;
    this.#notes = notes;
    if (this.#isDeclared()) this.#build(undefined);
  }

  override get name(): string {
    return this.#name;
  }

  /** True once the layers have their weights. */
  get built(): boolean {
    return this.#built !== undefined;
  }

  override get inference(): InferenceModel {
    if (this.#built) return this.#built;
    if (declaredInput(this.#layers)) return this.#build(undefined);
    throw new OptionError(
      this.#layers.length === 0
        ? "The model has no layers: add(...) some."
        : "The model does not know its input yet: begin with input([timesteps, features]), call model.build([null, timesteps, features]), or hand it data.",
    );
  }

  /**
   * Puts a layer at the end.
   *
   * @throws {OptionError} If the model has its weights already; list the layers in `sequential([...])` instead.
   */
  add(layer: SequentialItem): void {
    if (this.#built) {
      throw new OptionError("The model has its weights already: add all layers before it is used.");
    }
    this.#layers.push(layer);
  }

  /** Takes the last layer away. @throws {OptionError} If there is none, or the model has its weights already. */
  pop(): void {
    if (this.#built) throw new OptionError("The model has its weights already: pop layers before it is used.");
    if (this.#layers.pop() === undefined) throw new OptionError("The model has no layers.");
  }

  /**
   * Gives the layers their weights.
   *
   * @param inputShape - With the batch first, null for any size: [null, timesteps, features].
   * @throws {OptionError} If the model was built for another shape.
   */
  build(inputShape?: OpenShape): void {
    const known = this.#built?.inputs[0]?.shape ?? (inputShape && declaredInput(this.#layers));
    const differs = known && inputShape && !fits(known, inputShape);
    if (differs) {
      throw new OptionError(`The model takes ${JSON.stringify(known)}, not ${JSON.stringify(inputShape)}.`);
    }
    if (this.#built) return;
    if (inputShape) this.#build(inputShape);
    else void this.inference;
  }

  #isDeclared(): boolean {
    const shape = declaredInput(this.#layers);
    return shape !== undefined && !(shape.slice(1).includes(null) && this.#isPinned());
  }

  #isPinned(): boolean {
    return this.#layers.some((layer) => PINNED.includes(draftOf(layer).className));
  }

  #build(given: OpenShape | undefined): InferenceModel {
    const drafted = sequentialGraph(this.#layers, this.#name, given);
    this.#built = this.#assemble(drafted);
    this.adopt(this.#built);
    this.#notes.push(...drafted.notes);
    return this.#built;
  }

  /** Builds from the first data, as Keras does: the number of timesteps stays open where no layer needs it. */
  #buildFrom(x: unknown): void {
    if (this.#built || this.#layers.length === 0) return;
    if (this.#isDeclared()) {
      this.#build(undefined);
      return;
    }
    const only = Array.isArray(x) && x.length === 1 && isTensor(x[0]) ? (x[0] as TensorLike) : (x as TensorLike);
    const { shape } = toTensor(only, "x");
    if (shape.length < 2) throw new ShapeError("The first data must have the batch and at least one more axis.");
    const [, ...rest] = shape as readonly number[];
    const opens = rest.length === 2 && !this.#isPinned();
    this.#build([null, ...(opens ? [null, rest[1]!] : rest)]);
  }

  override predict(x: ModelInput, options?: PredictOptions): Prediction {
    this.#buildFrom(x);
    return super.predict(x, options);
  }

  override predictInto(out: OutputTarget | readonly OutputTarget[], x: ModelInput, options?: PredictOptions): void {
    this.#buildFrom(x);
    super.predictInto(out, x, options);
  }

  override async fit(x: unknown, y?: unknown, options: FitOptions = {}): Promise<History> {
    if (this.#built || iterableOf(x) === undefined) {
      this.#buildFrom(x);
      return super.fit(x, y, options);
    }
    const { first, all } = await peeked(x);
    this.#buildFrom(first);
    return super.fit(all, y, options);
  }

  override async evaluate(x: unknown, y?: unknown, options?: EvaluateOptions): Promise<Logs> {
    if (y !== undefined) this.#buildFrom(x);
    return super.evaluate(x, y, options);
  }

  override async trainOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    this.#buildFrom(x);
    return super.trainOnBatch(x, y, options);
  }

  override async testOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    this.#buildFrom(x);
    return super.testOnBatch(x, y, options);
  }

  override dispose(): void {
    if (this.#built) super.dispose();
  }
}

function fits(known: OpenShape, given: OpenShape): boolean {
  return known.length === given.length && known.every((n, axis) => n === null || n === given[axis]);
}

/** The first input of an iterable of batches, and the iterable as if nothing had been taken. */
async function peeked(x: unknown): Promise<{ first: unknown; all: unknown }> {
  const open = byEpoch(x);
  const iterable = (open ? open(0) : x) as AsyncIterable<unknown> & Iterable<unknown>;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (!iterator) throw new OptionError("fit takes x and y, or an iterable of [x, y] batches.");
  const { value, done } = await iterator.next();
  if (done || !Array.isArray(value)) throw new ShapeError("An iterable of batches must give [x, y].");
  if (open) {
    await iterator.return?.();
    return { first: value[0], all: x };
  }
  let fresh = true;
  const all = {
    async *[Symbol.asyncIterator]() {
      if (!fresh) {
        yield* iterable;
        return;
      }
      fresh = false;
      yield value;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    },
  };
  return { first: value[0], all };
}
