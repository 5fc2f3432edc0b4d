import { OptionError } from "../../errors.ts";
import { writeNative } from "../../formats/native/write.ts";
import {
  type BatchTensors,
  callsMade,
  type KernelCall,
  type PartResult,
  type RemoteTrainer,
  type SummedGradient,
  type Trainer,
  type TrainerHome,
  type TrainerState,
  type WhichPart,
} from "../../training/index.ts";
import type { CompileOptions } from "../../training/options/compile-options.ts";
import { workerError } from "./worker-error.ts";
import type { FromWorker, TrainingRequest, WorkerPort } from "./worker-messages.ts";

interface Pending {
  resolve(result: PartResult | undefined): void;
  reject(error: unknown): void;
}

/** What of the compile options gradients and updates depend on. */
function sentOptions({ options, model }: Trainer) {
  const { optimizer, loss, lossWeights, era, seed } = options;
  const sent = { optimizer, loss, lossWeights, era, seed, build: options.build ?? model.engine.build };
  try {
    return structuredClone(Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)));
  } catch (cause) {
    throw new OptionError(
      `fit: the optimizer or loss cannot be sent to a worker (${String(cause)}). Give them by name or as { className, config }.`,
      { cause },
    );
  }
}

/** Milliseconds of watching for calls to be made, which end together with the caller's own; a message takes longer. */
const WATCHED = 1;

/** A trainer in a worker. */
export class WorkerTrainer implements RemoteTrainer {
  readonly #port: WorkerPort;
  readonly #trainer: Trainer;
  readonly #options: CompileOptions;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #failure: unknown;
  #home: TrainerHome | undefined;
  #calls = 0;
  #called: Promise<unknown> = Promise.resolve();
  has: string | undefined;

  /** @throws {OptionError} If what the trainer was compiled with cannot be sent. */
  constructor(trainer: Trainer, port: WorkerPort) {
    this.#options = sentOptions(trainer);
    this.#trainer = trainer;
    this.#port = port;
    port.listen(
      (message) => this.#receive(message),
      (error) => this.#fail(error),
    );
    const { root, engine } = trainer.model;
    const files = writeNative(root);
    const { module, build } = engine;
    port.post({ kind: "load", json: files["model.json"]!, weights: files["weights.safetensors"]!, module, build });
    if (!trainer.engine.shared) this.#compile();
  }

  #compile(home?: TrainerHome): void {
    const { rules, engine } = this.#trainer;
    const request = { kind: "compile", options: this.#options, rules, ...(home && { home }) } as const;
    this.#ask(request, home && engine.shared).catch(() => undefined);
  }

  /** True if it can no longer be used. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get room(): number {
    return this.#home ? this.#home.end - this.#home.first : 0;
  }

  settle(home: TrainerHome): void {
    this.#home = home;
    this.#calls = 0;
    this.#compile(home);
  }

  call(calls: readonly KernelCall[]): void {
    this.#called = this.#ask({ kind: "call", calls, number: ++this.#calls });
    this.#called.catch(() => undefined);
  }

  called(): Promise<void> | undefined {
    const until = performance.now() + WATCHED;
    while (this.#home && callsMade(this.#trainer, this.#home) !== this.#calls) {
      if (performance.now() > until) return this.#called.then(() => undefined);
    }
    return undefined;
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
    await this.#ask({ kind: "update", sums, rate });
  }

  terminate(): void {
    this.#fail(new OptionError("fit: the worker has been ended."));
  }

  #ask(request: TrainingRequest, memory?: WebAssembly.Memory): Promise<PartResult | undefined> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#port.post({ kind: "train", id, request, ...(memory && { memory }) });
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
