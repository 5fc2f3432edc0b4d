import { EngineError } from "../errors.ts";

const PAGE = 65536;
/** Every allocation starts at a multiple of this: a cache line, so that no vector straddles two. */
export const ALIGNMENT = 64;

/** Rounds a number of bytes up to the alignment. */
export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * A bump arena over one WebAssembly memory: persistent bytes (weights, then state) from the bottom, one scratch region
 * above them that every run reuses. Nothing is freed; the memory goes as a whole with its model.
 *
 * Views die when the memory grows, so callers ask for a view each time they touch memory.
 */
export class Arena {
  readonly #memory: WebAssembly.Memory;
  #persistent: number;
  #f32: Float32Array;
  #i32: Int32Array;
  #u8: Uint8Array;

  constructor(memory: WebAssembly.Memory, heapBase: number) {
    this.#memory = memory;
    this.#persistent = align(heapBase);
    this.#f32 = new Float32Array(memory.buffer);
    this.#i32 = new Int32Array(memory.buffer);
    this.#u8 = new Uint8Array(memory.buffer);
  }

  /** First byte of the scratch region: everything below persists. It moves when something persistent is added. */
  get scratchBase(): number {
    return this.#persistent;
  }

  /** Bytes of the whole memory. */
  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Takes persistent bytes, zeroed. Anything in scratch is lost.
   *
   * @returns The address, 64-byte aligned.
   * @throws {EngineError} If the memory cannot grow that far (4 GiB, or what the host gives).
   */
  allocate(bytes: number): number {
    const at = this.#persistent;
    const end = align(at + bytes);
    const old = this.byteLength;
    this.reserve(end);
    this.#persistent = end;
    // Fresh pages are zeros: writing them, for a table of megabytes, would cost as much as the table itself.
    this.#u8.fill(0, at, Math.min(end, old));
    return at;
  }

  /** Makes sure that addresses below `end` exist. */
  reserve(end: number): void {
    const missing = end - this.#memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.#memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      throw new EngineError(
        `The model needs ${(end / 2 ** 20).toFixed(1)} MiB of WebAssembly memory and the host gives no more than ${(this.byteLength / 2 ** 20).toFixed(1)} MiB. Use a smaller batch or shorter sequences.`,
        { cause },
      );
    }
    this.#f32 = new Float32Array(this.#memory.buffer);
    this.#i32 = new Int32Array(this.#memory.buffer);
    this.#u8 = new Uint8Array(this.#memory.buffer);
  }

  /** The memory as float32, indexed by address / 4. Do not keep it across an allocation. */
  get f32(): Float32Array {
    return this.#f32;
  }

  /** The memory as int32, indexed by address / 4. Do not keep it across an allocation. */
  get i32(): Int32Array {
    return this.#i32;
  }

  /** The memory as bytes. Do not keep it across an allocation. */
  get u8(): Uint8Array {
    return this.#u8;
  }
}
