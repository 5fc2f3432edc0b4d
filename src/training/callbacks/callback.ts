import type { Logs, Trainer } from "../trainer.ts";

/** What a callback may look at and change while a model trains. */
export interface TrainingContext {
  readonly trainer: Trainer;
  /** Epochs asked for, and batches of one epoch (undefined for an iterable of unknown length). */
  readonly epochs: number;
  readonly batches: number | undefined;
  /** The optimizer's rate; setting it counts from the next batch on. */
  learningRate: number;
  /** Ends training after this batch's or epoch's callbacks. */
  stop(): void;
  /** Everything needed to go on from here bit for bit: see `checkpoint.ts`. */
  checkpoint(): Uint8Array;
}

/** Hooks into `model.fit`; each may be asynchronous. Epochs and batches count from 0. */
export interface Callback {
  onTrainBegin?(context: TrainingContext): void | Promise<void>;
  onTrainEnd?(context: TrainingContext): void | Promise<void>;
  onEpochBegin?(epoch: number, context: TrainingContext): void | Promise<void>;
  /** `logs` may be added to: what a callback puts there goes into the history. */
  onEpochEnd?(epoch: number, logs: Logs, context: TrainingContext): void | Promise<void>;
  onTrainBatchBegin?(batch: number, context: TrainingContext): void | Promise<void>;
  onTrainBatchEnd?(batch: number, logs: Logs, context: TrainingContext): void | Promise<void>;
}
