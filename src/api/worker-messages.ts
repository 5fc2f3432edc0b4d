import type { Build } from "../engine/load-module.ts";
import type { Tensor } from "../tensor.ts";

/** The end of a worker that a pool talks to: the same on every platform. */
export interface WorkerPort {
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Called once, before anything is posted. */
  listen(onMessage: (message: FromWorker) => void, onError: (error: unknown) => void): void;
  terminate(): void;
}

/** First message: the model. Later ones: a slice of a batch each. */
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
  | { readonly kind: "failed"; readonly id: number; readonly name: string; readonly message: string };
