import { OptionError } from "../errors.ts";
import { type FitOptions, whole } from "./fit-options.ts";
import type { BatchOptions, Gathering } from "./gathering.ts";
import { checkCuttable, type RemoteTrainer, stepInParts } from "./parts.ts";
import type { Trainer } from "./trainer.ts";

/** Starts a trainer on another thread; it has to be given its state. */
export type StartRemote = (trainer: Trainer) => RemoteTrainer;

/** Training steps on one thread or on several. */
export class Threads {
  /** Parts in which a batch's gradients are computed and summed: what the bits depend on. */
  readonly shards: number;
  readonly #trainer: Trainer;
  readonly #remotes: readonly RemoteTrainer[];
  /** The trainer's count of given states that the others have. */
  #given = -1;

  /** @throws {OptionError} If the model's batches cannot be cut, or there are no threads to be had. */
  constructor(trainer: Trainer, options: FitOptions, start: StartRemote | undefined) {
    const workers = whole(options.workers ?? 1, "workers", 1);
    this.shards = whole(options.shards ?? workers, "shards", 1);
    this.#trainer = trainer;
    if (this.shards > 1) checkCuttable(trainer);
    const others = Math.min(workers, this.shards) - 1;
    if (others > 0 && !start) {
      throw new OptionError("fit: there are no workers here; `shards` gives the same numbers on one thread.");
    }
    this.#remotes = Array.from({ length: others }, () => start!(trainer));
  }

  /** One training step. */
  async step(x: never, y: unknown, options: BatchOptions, gathering: Gathering): Promise<void> {
    const trainer = this.#trainer;
    if (this.shards === 1) return trainer.step("train", x, y, options, gathering);
    await this.#share();
    return stepInParts(trainer, trainer.readBatch(x, y, options), this.shards, this.#remotes, gathering);
  }

  /** Gives the other threads the weights, at the start and when they have been set. */
  async #share(): Promise<void> {
    const trainer = this.#trainer;
    if (this.#remotes.length === 0 || this.#given === trainer.given) return;
    this.#given = trainer.given;
    const state = { weights: trainer.weightArrays(), optimizer: trainer.optimizerState() };
    await Promise.all(this.#remotes.map((remote) => remote.load(state)));
  }

  terminate(): void {
    for (const remote of this.#remotes) remote.terminate();
  }
}
