import { OptionError } from "../../errors.ts";
import { writeNative } from "../../formats/native/write.ts";
import type {
  BatchTensors,
  PartResult,
  RemoteTrainer,
  SummedGradient,
  Trainer,
  TrainerState,
  WhichPart,
} from "../../training/index.ts";
import { workerError } from "./worker-error.ts";
import type { FromWorker, TrainingRequest, WorkerPort } from "./worker-messages.ts";

interface Pending {
  resolve(result: PartResult | undefined): void;
  reject(error: unknown): void;
}

/** What of the compile options gradients and updates depend on. */
function sentOptions({ options, model }: Trainer) {
  const { optimizer, loss, lossWeights, loss_weights, seed } = options;
  const sent = { optimizer, loss, lossWeights, loss_weights, seed, build: options.build ?? model.engine.build };
  try {
    return structuredClone(Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)));
  } catch (cause) {
    throw new OptionError(
      `fit: the optimizer or loss cannot be sent to a worker (${String(cause)}). Give them by name or as { className, config }.`,
      { cause },
    );
  }
}

/** A trainer in a worker. */
export class WorkerTrainer implements RemoteTrainer {
  readonly #port: WorkerPort;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #failure: unknown;
  has: string | undefined;
  updated: Promise<unknown> = Promise.resolve();

  /** @throws {OptionError} If what the trainer was compiled with cannot be sent. */
  constructor(trainer: Trainer, port: WorkerPort) {
    const options = sentOptions(trainer);
    this.#port = port;
    port.listen(
      (message) => this.#receive(message),
      (error) => this.#fail(error),
    );
    const { root, engine } = trainer.model;
    const files = writeNative(root);
    const { module, build } = engine;
    port.post({ kind: "load", json: files["model.json"]!, weights: files["weights.safetensors"]!, module, build });
    this.#ask({ kind: "compile", options, rules: trainer.rules }).catch(() => undefined);
  }

  /** True if it can no longer be used. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  async load(state: TrainerState): Promise<void> {
    await this.#ask({ kind: "state", state });
  }

  async part(batch: BatchTensors, which: WhichPart): Promise<PartResult> {
    // Copies: posting a view would copy all that is behind it.
    const copy = <Item extends BatchTensors["targets"][number]>(tensor: Item) =>
      (tensor && { ...tensor, data: tensor.data.slice() }) as Item;
    const { inputs, targets, weights } = batch;
    const own = { inputs: inputs.map(copy), targets: targets.map(copy), weights: weights.map(copy) };
    return (await this.#ask({ kind: "part", batch: own, which }))!;
  }

  async update(sums: readonly SummedGradient[], rate: number): Promise<void> {
    const answer = this.#ask({ kind: "update", sums, rate });
    this.updated = answer.catch(() => undefined);
    await answer;
  }

  terminate(): void {
    this.#fail(new OptionError("fit: the worker has been ended."));
  }

  #ask(request: TrainingRequest): Promise<PartResult | undefined> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#port.post({ kind: "train", id, request });
    });
  }

  #receive(message: FromWorker): void {
    if (message.kind === "trained") {
      this.#pending.get(message.id)?.resolve(message.result);
      this.#pending.delete(message.id);
    } else if (message.kind === "failed") this.#fail(workerError(message));
  }

  /** Whatever fails, this thread has no longer the weights of the others. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#port.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
