import type { Arena } from "../engine/memory.ts";
import { StateBlock } from "../plan/state.ts";

/** The states that stateful layers hand from batch to batch, in the trainer's memory. */
export class KeptStates {
  #block = new StateBlock();
  #batch: number | undefined;
  #restored: Float32Array | undefined;
  readonly #memory: Arena;

  constructor(memory: Arena) {
    this.#memory = memory;
  }

  /** Where plans find the states. */
  get block(): StateBlock {
    return this.#block;
  }

  /** States hold one row per sequence: begins anew for another number of rows. @returns Whether earlier plans are void. */
  fixBatch(batch: number): boolean {
    if (this.#batch === batch) return false;
    this.#block = new StateBlock();
    this.#batch = batch;
    return true;
  }

  /** Puts restored states in place, once a plan has given the block its place. */
  settle(): void {
    const { address } = this.#block;
    if (!this.#restored || address === undefined) return;
    this.#memory.f32.set(this.#restored, address >> 2);
    this.#restored = undefined;
  }

  /** A copy of all states; empty before the first batch. */
  values(): Float32Array {
    const { address, length } = this.#block;
    return address === undefined ? new Float32Array(0) : this.#memory.f32.slice(address >> 2, (address >> 2) + length);
  }

  /** Takes states as {@link values} gives them; they are put in place with the next batch. */
  restore(values: Float32Array): void {
    this.#restored = values.length > 0 ? values : undefined;
  }

  /** Sets every state to zero. */
  reset(): void {
    this.#block.reset(this.#memory);
  }
}
