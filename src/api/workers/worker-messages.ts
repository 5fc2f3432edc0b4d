import type { Build } from "../../engine/load-module.ts";
import type { Tensor } from "../../tensor.ts";
import type { OptimizerEra } from "../../training/optimizers/optimizer-rules.ts";
import type { CompileOptions } from "../../training/options/compile-options.ts";
import type { BatchTensors } from "../../training/step-plan.ts";
import type { TrainerHome } from "../../training/threads/home.ts";
import type { PartResult, SummedGradient, TrainerState, WhichPart } from "../../training/threads/parts.ts";
import type { KernelCall } from "../../training/threads/table-calls.ts";

/** The end of a worker that a pool talks to: the same on every platform. */
export interface WorkerPort {
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Called once, before anything is posted. */
  listen(onMessage: (message: FromWorker) => void, onError: (error: unknown) => void): void;
  terminate(): void;
}

/**
 * What a worker that trains is asked for, in this order: to begin, then parts and updates in turns. Over the caller's memory
 * it begins in a block and updates by calls; else it begins with the optimizer and takes weights first.
 */
export type TrainingRequest =
  | {
      readonly kind: "compile";
      readonly options: CompileOptions;
      readonly rules: OptimizerEra | undefined;
      readonly home?: TrainerHome;
    }
  | { readonly kind: "call"; readonly calls: readonly KernelCall[]; readonly number: number }
  | { readonly kind: "state"; readonly state: TrainerState }
  | { readonly kind: "part"; readonly batch: BatchTensors; readonly which: WhichPart }
  | { readonly kind: "update"; readonly sums: readonly SummedGradient[]; readonly rate: number };

/** First message: the model. Later ones: a slice of a batch each, or requests of training. */
export type ToWorker =
  | {
      readonly kind: "load";
      readonly json: Uint8Array;
      readonly weights: Uint8Array;
      readonly module: WebAssembly.Module;
      readonly build: Build;
    }
  | {
      readonly kind: "predict";
      readonly id: number;
      readonly inputs: readonly Tensor[];
      readonly batchSize: number | undefined;
    }
  | {
      readonly kind: "train";
      readonly id: number;
      readonly request: TrainingRequest;
      /** What `request.home` is a block of. */
      readonly memory?: WebAssembly.Memory;
    };

/** Answers, in the order of the messages. */
export type FromWorker =
  | { readonly kind: "loaded" }
  | {
      readonly kind: "outputs";
      readonly id: number;
      readonly outputs: readonly Tensor[];
      /** The inputs' memory, given back for the next slice. */
      readonly spare: readonly ArrayBuffer[];
    }
  | { readonly kind: "trained"; readonly id: number; readonly result?: PartResult }
  | { readonly kind: "failed"; readonly id: number; readonly name: string; readonly message: string };
