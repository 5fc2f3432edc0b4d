import type { Arena } from "../engine/memory.ts";
import type { PlanBuffer } from "./buffer.ts";

interface StateEntry {
  readonly owner: object;
  readonly key: string;
  readonly buffer: PlanBuffer;
}

/**
 * The states that layers keep between runs (stateful layers, sessions), one contiguous block of float32.
 *
 * Layers ask for their states while a plan is made. A first, dry plan learns the sizes; {@link allocate} then gives the
 * block its place, and plans made afterwards get the same buffers.
 */
export class StateBlock {
  readonly #entries: StateEntry[] = [];
  #address: number | undefined;

  /** The state that `owner` calls `key`, of the given shape; zero at first. */
  state(owner: object, key: string, shape: readonly number[]): PlanBuffer {
    const found = this.#entries.find((entry) => entry.owner === owner && entry.key === key);
    if (found) return found.buffer;
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    const buffer: PlanBuffer = { bytes, address: 0, first: -1, last: -1, offset: 0 };
    this.#entries.push({ owner, key, buffer });
    return buffer;
  }

  /** Elements of all states together, in the order of the graph. */
  get length(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.buffer.bytes / 4, 0);
  }

  /** Address of the block; undefined before {@link allocate}. */
  get address(): number | undefined {
    return this.#address;
  }

  /** Places the block, zeroed, in persistent memory. */
  allocate(memory: Arena): void {
    if (this.#address !== undefined) return;
    this.#address = memory.allocate(this.length * 4);
    let at = this.#address;
    for (const { buffer } of this.#entries) {
      buffer.address = at;
      at += buffer.bytes;
    }
  }

  /** Sets every state to zero. */
  reset(memory: Arena): void {
    if (this.#address === undefined) return;
    memory.f32.fill(0, this.#address >> 2, (this.#address >> 2) + this.length);
  }
}
