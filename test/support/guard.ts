/** A NaN that no kernel computes: 0x7fc0cafe, little-endian. */
const CANARY = 0x7fc0cafe;
const MARGIN = 64;

interface Block {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

/**
 * A bump allocator for tests that surrounds every buffer with NaN canaries: a read beyond a buffer poisons the result,
 * a write beyond it is found by {@link Guard.check}.
 */
export class Guard {
  readonly #memory: WebAssembly.Memory;
  readonly #start: number;
  #top: number;
  #blocks: Block[] = [];

  constructor(memory: WebAssembly.Memory, heapBase: number) {
    this.#memory = memory;
    this.#start = (heapBase + 63) & ~63;
    this.#top = this.#start;
  }

  /** Forgets every buffer. */
  reset(): void {
    this.#top = this.#start;
    this.#blocks = [];
  }

  /** Address of a buffer of `bytes`, filled with canaries itself; `offset` moves it off the 64-byte grid. */
  allocate(bytes: number, name: string, offset = 0): number {
    const at = this.#top + MARGIN + offset;
    const end = (at + bytes + MARGIN + 63) & ~63;
    const missing = end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65536));
    new Uint32Array(this.#memory.buffer, this.#top, (end - this.#top) >> 2).fill(CANARY);
    this.#blocks.push({ name, at, bytes });
    this.#top = end;
    return at;
  }

  /** A buffer that holds these values. */
  place(data: Float32Array | Int32Array | Uint8Array, name: string, offset = 0): number {
    const at = this.allocate(data.byteLength, name, offset);
    new Uint8Array(this.#memory.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    return at;
  }

  /** The whole memory. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  /** A copy of `count` floats. */
  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, count).slice();
  }

  /** Throws unless a part of a buffer still holds canaries. */
  checkUntouched(at: number, bytes: number, name: string): void {
    const view = new DataView(this.#memory.buffer);
    for (let i = 0; i < bytes; i += 4) {
      if (view.getUint32(at + i, true) !== CANARY) throw new Error(`byte ${i} of ${name} was written`);
    }
  }

  /** Throws if anything outside the buffers was written. */
  check(): void {
    const bytes = new Uint8Array(this.#memory.buffer);
    const canary = [0xfe, 0xca, 0xc0, 0x7f];
    let from = this.#start;
    for (const { name, at, bytes: length } of [...this.#blocks, { name: "the end", at: this.#top, bytes: 0 }]) {
      for (let i = from; i < at; i++) {
        if (bytes[i] !== canary[i & 3]) throw new Error(`byte ${i - at} of ${name} was written`);
      }
      from = at + length;
    }
  }
}
