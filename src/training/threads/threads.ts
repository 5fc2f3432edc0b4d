import { OptionError } from "../../errors.ts";
import type { ModelInput } from "../../model/inputs.ts";
import type { Breathing } from "../breathe.ts";
import type { BatchOptions, Gathering } from "../gathering.ts";
import { type FitOptions, whole } from "../options/fit-options.ts";
import type { BatchTensors } from "../step-plan.ts";
import type { Trainer } from "../trainer.ts";
import { type CutOfBatch, checkCuttable } from "./cut-batch.ts";
import { type RemoteTrainer, stepInParts } from "./parts.ts";
import { cutText, cutWithin } from "./step-memory.ts";

/** Gives the trainer on another thread of the number 1, 2 …: a new one, or one that trained before. */
export type RemoteOf = (trainer: Trainer, thread: number) => RemoteTrainer;

/** Training steps on one thread or on several. */
export class Threads {
  /** Parts in which a batch's gradients are computed and summed: what the bits depend on. */
  readonly shards: number;
  readonly #trainer: Trainer;
  readonly #remotes: readonly RemoteTrainer[];
  readonly #limit: number | undefined;
  /** How batches are cut, by their shapes. */
  readonly #cuts = new Map<string, CutOfBatch>();
  /** What was decided, for the history. */
  readonly notes: string[] = [];

  /** @throws {OptionError} If the model's batches cannot be cut, or there are no threads to be had. */
  constructor(trainer: Trainer, options: FitOptions, remoteOf: RemoteOf | undefined) {
    const workers = whole(options.workers ?? 1, "workers", 1);
    this.shards = whole(options.shards ?? workers, "shards", 1);
    this.#trainer = trainer;
    if (this.shards > 1) checkCuttable(trainer);
    const { memoryLimit } = options;
    if (memoryLimit !== undefined) this.#limit = whole(memoryLimit, "memoryLimit", 1);
    const others = Math.min(workers, this.shards) - 1;
    if (others > 0 && !remoteOf) {
      throw new OptionError("fit: there are no workers here; `shards` gives the same numbers on one thread.");
    }
    this.#remotes = Array.from({ length: others }, (_, i) => remoteOf!(trainer, i + 1));
  }

  /** What the bits of a run depend on, besides its data; empty for whole batches. */
  get fingerprint(): string {
    const limit = this.#limit === undefined ? "" : `, cut within ${this.#limit} bytes`;
    return `${this.shards > 1 ? `, gradients of ${this.shards} parts` : ""}${limit}`;
  }

  /** One training step. */
  async step(
    x: ModelInput,
    y: unknown,
    options: BatchOptions,
    gathering: Gathering,
    breathing: Breathing,
  ): Promise<void> {
    const trainer = this.#trainer;
    if (this.shards === 1 && this.#limit === undefined) return trainer.step("train", x, y, options, gathering);
    const batch = trainer.readBatch(x, y, options);
    const cut = this.#cutOf(batch);
    if (cut.parts === 1) return trainer.step("train", x, y, options, gathering, cut);
    if (!this.#trainer.engine.shared) await this.#share();
    await stepInParts(trainer, batch, cut, this.#remotes, gathering, breathing);
    for (const remote of this.#remotes) remote.has = this.#mark;
  }

  /** In parts as asked for, or in more or with fewer steps at once where its memory would pass the limit. */
  #cutOf(batch: BatchTensors): CutOfBatch {
    if (this.#limit === undefined) return { parts: this.shards };
    const key = batch.inputs.map(({ shape }) => shape.join("x")).join(" ");
    const known = this.#cuts.get(key);
    if (known) return known;
    const cut = cutWithin(this.#trainer, batch, this.shards, this.#limit);
    this.#cuts.set(key, cut);
    if (cut.parts > this.shards || cut.spanSteps !== undefined) {
      this.notes.push(`Batches of ${key} are computed ${cutText(cut)}, within ${this.#limit} bytes.`);
    }
    return cut;
  }

  /** Changes with everything that changes the weights or the optimizer's state. */
  get #mark(): string {
    return `${this.#trainer.version} ${this.#trainer.given}`;
  }

  /** Gives threads with memories of their own the weights, at the start and when they have been changed here. */
  async #share(): Promise<void> {
    const trainer = this.#trainer;
    const stale = this.#remotes.filter(({ has }) => has !== this.#mark);
    if (stale.length === 0) return;
    const state = { weights: trainer.weightArrays(), optimizer: trainer.optimizerState() };
    await Promise.all(stale.map((remote) => remote.load(state)));
  }
}
