import type { Engine } from "../engine/engine.ts";
import type { PlanBuffer } from "./buffer.ts";

/** Writes a constant into linear memory at `address`. */
export type FillConstant = (engine: Engine, address: number) => void;

/** Constants that persist with the model: packed weights, tables. Each is made once, whatever plans ask for it. */
export interface Store {
  /** True while a plan is made only for its shapes: there are no weights and no memory then. */
  readonly dry: boolean;
  /**
   * The constant that `owner` calls `key`, any value; made by `fill` when first asked for.
   *
   * @param bytes - Its size, or a function of the engine that tells it.
   */
  constant(owner: object, key: unknown, bytes: number | ((engine: Engine) => number), fill: FillConstant): PlanBuffer;
  /** A size that only the kernels know; 0 in a dry plan. */
  measure(size: (engine: Engine) => number): number;
}

function persistent(address: number, bytes: number): PlanBuffer {
  return { bytes, address, first: -1, last: -1, offset: 0 };
}

/** The store of a model with memory. */
export class EngineStore implements Store {
  readonly dry = false;
  readonly #engine: Engine;
  #constants = new WeakMap<object, Map<unknown, PlanBuffer>>();
  readonly #fills: { owner: WeakRef<object>; fill: FillConstant; buffer: PlanBuffer }[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  constant(owner: object, key: unknown, bytes: number | ((engine: Engine) => number), fill: FillConstant): PlanBuffer {
    let own = this.#constants.get(owner);
    if (!own) {
      own = new Map();
      this.#constants.set(owner, own);
    }
    let buffer = own.get(key);
    if (!buffer) {
      const size = typeof bytes === "number" ? bytes : bytes(this.#engine);
      buffer = persistent(this.#engine.memory.allocate(size), size);
      fill(this.#engine, buffer.address!);
      own.set(key, buffer);
      this.#fills.push({ owner: new WeakRef(owner), fill, buffer });
    }
    return buffer;
  }

  measure(size: (engine: Engine) => number): number {
    return size(this.#engine);
  }

  /** Writes every constant again, in place, after its weights have changed. Shapes must be as before. */
  refresh(): void {
    for (const { fill, buffer } of this.#fills) fill(this.#engine, buffer.address!);
  }
}

/** A store for plans that are made only to learn shapes. */
export const dryStore: Store = {
  dry: true,
  constant: () => persistent(0, 0),
  measure: () => 0,
};
