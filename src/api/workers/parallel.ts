import { EngineError, OptionError, UnsupportedLayerError } from "../../errors.ts";
import { writeNative } from "../../formats/native/write.ts";
import { type ModelInput, readInputs } from "../../model/inputs.ts";
import type { PredictOptions } from "../../model/model.ts";
import { outputTensors, putRows, takeRows } from "../../model/rows.ts";
import { sizeOf, type Tensor } from "../../tensor.ts";
import type { Model, Prediction } from "../model.ts";
import { countParameters } from "../summary.ts";
import { workerError } from "./worker-error.ts";
import type { FromWorker, WorkerPort } from "./worker-messages.ts";

/** Options of `model.parallel`. */
export interface ParallelOptions {
  /** Workers to start; each holds the model once more. */
  readonly workers: number;
  /** Multiply-adds below which a batch runs in place, since posting it would cost more than it saves. */
  readonly minimumWork?: number;
}

/** A cautious border, not a tuned one: `npm run bench -- parallel` shows gains well above it. */
const MINIMUM_WORK = 8e6;

interface Pending {
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Memory of one size that workers have given back: fresh memory for each slice costs more than the copy into it. */
class Spare {
  #buffers: ArrayBuffer[] = [];

  /** A tensor's numbers in memory of their own, which may be posted away. */
  copy({ data, shape }: Tensor): Tensor {
    const numbers = data as Float32Array | Int32Array;
    const at = this.#buffers.findIndex(({ byteLength }) => byteLength === numbers.byteLength);
    if (at < 0) return { data: numbers.slice(), shape };
    const [buffer] = this.#buffers.splice(at, 1);
    const copy = numbers instanceof Int32Array ? new Int32Array(buffer!) : new Float32Array(buffer!);
    copy.set(numbers);
    return { data: copy, shape };
  }

  /** Keeps the latest few: sizes change with the batch. */
  give(buffers: readonly ArrayBuffer[], most: number): void {
    this.#buffers = [...buffers, ...this.#buffers].slice(0, most);
  }
}

/** One worker with its queue of unanswered slices. */
class Shard {
  readonly #port: WorkerPort;
  readonly #pending = new Map<number, Pending>();
  readonly #spare = new Spare();
  #next = 0;
  #failure: unknown;

  constructor(port: WorkerPort) {
    this.#port = port;
    port.listen(
      (message) => this.#receive(message),
      (error) => this.#fail(error),
    );
  }

  get port(): WorkerPort {
    return this.#port;
  }

  /** Computes rows; `rows` are views of the whole batch, of which a copy goes: posting a view would copy all behind it. */
  predict(rows: readonly Tensor[], batchSize: number | undefined): Promise<readonly Tensor[]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const inputs = rows.map((tensor) => this.#spare.copy(tensor));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      const buffers = inputs.map(({ data }) => (data as Float32Array).buffer as ArrayBuffer);
      this.#port.post({ kind: "predict", id, inputs, batchSize }, buffers);
    });
  }

  #receive(message: FromWorker): void {
    if (message.kind === "loaded") return;
    const pending = this.#pending.get(message.id);
    if (message.kind === "outputs") {
      this.#pending.delete(message.id);
      this.#spare.give(message.spare, 2 * message.spare.length);
      pending?.resolve(message.outputs);
      return;
    }
    if (message.kind !== "failed") return;
    const error = workerError(message);
    if (!pending) this.#fail(error);
    this.#pending.delete(message.id);
    pending?.reject(error);
  }

  #fail(error: unknown): void {
    this.#failure = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  terminate(): void {
    this.#port.terminate();
    this.#fail(new EngineError("The parallel model has been disposed."));
  }
}

/**
 * A model on several workers: a batch is split by rows, each worker computes its rows on an instance and memory of its
 * own. No SharedArrayBuffer is needed, and in the simd build the bits are those of one thread.
 *
 * @example
 * const parallel = model.parallel({ workers: 2 });
 * const y = await parallel.predict(x);
 * parallel.dispose();
 */
export class ParallelModel {
  readonly #model: Model;
  readonly #shards: readonly Shard[];
  readonly #minimumWork: number;
  readonly #parameters: number;

  /** @throws {UnsupportedLayerError} If the model is stateful or takes strings. */
  constructor(model: Model, options: ParallelOptions, spawn: () => WorkerPort) {
    const { workers } = options;
    if (!Number.isInteger(workers) || workers < 1 || workers > 256) {
      throw new OptionError(`\`workers\` must be a whole number from 1 to 256; got ${String(workers)}.`);
    }
    const { inference } = model;
    if (!inference.sliceable || inference.inputs.some((input) => input.dtype === "string")) {
      throw new UnsupportedLayerError(
        "model.parallel needs a model whose rows do not depend on each other: no stateful layers, no batch statistics, no string inputs.",
      );
    }
    this.#model = model;
    this.#minimumWork = options.minimumWork ?? MINIMUM_WORK;
    this.#parameters = countParameters(inference.root);
    const files = writeNative(inference.root);
    const { module, build } = inference.engine;
    this.#shards = Array.from({ length: workers }, () => new Shard(spawn()));
    for (const { port } of this.#shards) {
      port.post({ kind: "load", json: files["model.json"]!, weights: files["weights.safetensors"]!, module, build });
    }
  }

  /** Workers of the pool. */
  get workers(): number {
    return this.#shards.length;
  }

  /**
   * Like {@link Model.predict}, on all workers.
   *
   * @throws {ShapeError} (as a rejection) If an input is wrong.
   */
  async predict(x: ModelInput, options: PredictOptions = {}): Promise<Prediction> {
    const { inference } = this.#model;
    const tensors = readInputs(x, inference.inputs, false);
    const rows = tensors[0]?.shape[0] ?? 0;
    const steps = Math.max(1, ...tensors.map(({ shape }) => sizeOf(shape.slice(1, 2))));
    const parts = Math.min(this.#shards.length, rows);
    if (parts < 2 || rows * steps * this.#parameters < this.#minimumWork) return this.#model.predict(x, options);
    const borders = Array.from({ length: parts + 1 }, (_, i) => Math.round((i * rows) / parts));
    const answers = await Promise.all(
      this.#shards.slice(0, parts).map((shard, i) => {
        const slice = tensors.map((tensor) => takeRows(tensor, borders[i]!, borders[i + 1]!));
        return shard.predict(slice, options.batchSize);
      }),
    );
    const outputs = outputTensors(answers[0]!, rows);
    answers.forEach((answer, i) => {
      for (const [k, piece] of answer.entries()) putRows(outputs[k]!, piece, borders[i]!);
    });
    return (outputs.length === 1 ? outputs[0] : outputs) as Prediction;
  }

  /** Ends the workers. The model itself lives on. */
  dispose(): void {
    for (const shard of this.#shards) shard.terminate();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
