import type { Place, PlanBuffer } from "../../plan/buffer.ts";
import type { HostOp, KernelArg, NamedStep } from "../../plan/planner.ts";
import { Planner } from "../../plan/planner.ts";
import type { StateBlock } from "../../plan/state.ts";
import type { Store } from "../../plan/store.ts";

/** A kernel call as it was appended; undefined `kernel` for a step in JavaScript. */
export interface RecordedCall {
  readonly kernel: string | undefined;
  readonly args: Readonly<Record<string, KernelArg>>;
}

/** Constants that stand for weights: by owner, then by key. */
export type OwnWeights = ReadonlyMap<object, ReadonlyMap<unknown, PlanBuffer>>;

/** A store that gives the trainer's weights where a plan asks for a layer's own as plain numbers. */
class TrainedStore implements Store {
  weights: OwnWeights | undefined;
  /** Which of them have been asked for. */
  readonly asked = new Set<PlanBuffer>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get dry(): boolean {
    return this.#store.dry;
  }

  constant(...given: Parameters<Store["constant"]>): PlanBuffer {
    const [owner, key] = given;
    const own = this.weights?.get(owner)?.get(key);
    if (!own) return this.#store.constant(...given);
    this.asked.add(own);
    return own;
  }

  measure(size: Parameters<Store["measure"]>[0]): number {
    return this.#store.measure(size);
  }
}

/** A planner that can tell which kernel calls a layer appends: their way back follows from them. */
export class RecordingPlanner extends Planner {
  #calls: RecordedCall[] | undefined;
  readonly #trained: TrainedStore;

  constructor(store: Store, states: StateBlock) {
    const trained = new TrainedStore(store);
    super(trained, states);
    this.#trained = trained;
  }

  /** True if a plan has asked for a weight by its name. */
  hasAskedFor(weight: Place): boolean {
    return this.#trained.asked.has(weight.buffer);
  }

  /**
   * Runs a function and gives what it returns, with the calls that it has appended.
   *
   * @param weights - What constants stand for meanwhile.
   */
  record<T>(make: () => T, weights?: OwnWeights): { readonly made: T; readonly calls: readonly RecordedCall[] } {
    const before = this.#calls;
    this.#trained.weights = weights;
    const calls: RecordedCall[] = [];
    this.#calls = calls;
    try {
      return { made: make(), calls };
    } finally {
      this.#trained.weights = undefined;
      this.#calls = before;
      before?.push(...calls);
    }
  }

  override emitNamed(kernel: string, parameters: readonly string[], args: Readonly<Record<string, KernelArg>>): void {
    this.#calls?.push({ kernel, args });
    super.emitNamed(kernel, parameters, args);
  }

  override host(places: readonly Place[], run: HostOp["run"], as?: NamedStep): void {
    const args = () => Object.fromEntries(places.map((place, i) => [`place${i}`, place]));
    this.#calls?.push(as ?? { kernel: undefined, args: args() });
    super.host(places, run);
  }
}
