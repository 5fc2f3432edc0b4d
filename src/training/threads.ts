import { OptionError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import { type FitOptions, whole } from "./fit-options.ts";
import type { BatchOptions, Gathering } from "./gathering.ts";
import { checkCuttable, type RemoteTrainer, stepInParts } from "./parts.ts";
import type { Trainer } from "./trainer.ts";

/** Gives the trainer on another thread of the number 1, 2 …: a new one, or one that trained before. */
export type RemoteOf = (trainer: Trainer, thread: number) => RemoteTrainer;

/** Training steps on one thread or on several. */
export class Threads {
  /** Parts in which a batch's gradients are computed and summed: what the bits depend on. */
  readonly shards: number;
  readonly #trainer: Trainer;
  readonly #remotes: readonly RemoteTrainer[];

  /** @throws {OptionError} If the model's batches cannot be cut, or there are no threads to be had. */
  constructor(trainer: Trainer, options: FitOptions, remoteOf: RemoteOf | undefined) {
    const workers = whole(options.workers ?? 1, "workers", 1);
    this.shards = whole(options.shards ?? workers, "shards", 1);
    this.#trainer = trainer;
    if (this.shards > 1) checkCuttable(trainer);
    const others = Math.min(workers, this.shards) - 1;
    if (others > 0 && !remoteOf) {
      throw new OptionError("fit: there are no workers here; `shards` gives the same numbers on one thread.");
    }
    this.#remotes = Array.from({ length: others }, (_, i) => remoteOf!(trainer, i + 1));
  }

  /** One training step. */
  async step(x: ModelInput, y: unknown, options: BatchOptions, gathering: Gathering): Promise<void> {
    const trainer = this.#trainer;
    if (this.shards === 1) return trainer.step("train", x, y, options, gathering);
    await this.#share();
    await stepInParts(trainer, trainer.readBatch(x, y, options), this.shards, this.#remotes, gathering);
    for (const remote of this.#remotes) remote.has = this.#mark;
  }

  /** Changes with everything that changes the weights or the optimizer's state. */
  get #mark(): string {
    return `${this.#trainer.version} ${this.#trainer.given}`;
  }

  /** Gives the other threads the weights, at the start and when they have been changed here. */
  async #share(): Promise<void> {
    const trainer = this.#trainer;
    const stale = this.#remotes.filter(({ has }) => has !== this.#mark);
    if (stale.length === 0) return;
    const state = { weights: trainer.weightArrays(), optimizer: trainer.optimizerState() };
    await Promise.all(stale.map((remote) => remote.load(state)));
  }
}
