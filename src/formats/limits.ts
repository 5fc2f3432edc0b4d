import { FormatError } from "../errors.ts";

/**
 * What a reader may spend on one file. A file may declare anything; these say how much of it is believed.
 *
 * Views into the caller's own bytes (stored zip members, aligned float32 weights) cost nothing. Everything that a
 * reader allocates for values (inflated, converted or copied data, strings) is counted, and in total never passes
 * `max(minDecodedBytes, maxExpansion × file size)`. Metadata is read once and each item counted, so that work is
 * linear in the file's size even where structures overlap.
 */
export interface Limits {
  /** Decoded bytes allowed per byte of file. */
  maxExpansion: number;
  /** Decoded bytes always allowed, however small the file is. */
  minDecodedBytes: number;
  /** Depth of nested groups. */
  maxDepth: number;
}

export const DEFAULT_LIMITS: Limits = { maxExpansion: 64, minDecodedBytes: 16 * 1024 * 1024, maxDepth: 100 };

/** Fills in the defaults. */
export function withDefaults(limits: Partial<Limits> | undefined): Limits {
  return { ...DEFAULT_LIMITS, ...limits };
}

/** The account of one open file: every allocation and every metadata item is charged before it is made. */
export class Budget {
  readonly #bytesAllowed: number;
  #bytesLeft: number;
  #itemsLeft: number;
  readonly #what: string;

  /** @param what the kind of file, for messages, as in "HDF5 file" */
  constructor(fileSize: number, limits: Limits, what: string) {
    this.#bytesAllowed = Math.max(limits.minDecodedBytes, limits.maxExpansion * fileSize);
    this.#bytesLeft = this.#bytesAllowed;
    // No metadata item takes less than eight bytes, unless items overlap.
    this.#itemsLeft = 4096 + Math.ceil(fileSize / 8);
    this.#what = what;
  }

  /** @throws FormatError when the file would decode to more than its limit. */
  takeBytes(count: number): void {
    if (!(count <= this.#bytesLeft)) {
      throw new FormatError(
        `${this.#what}: its data would take more than ${this.#bytesAllowed} bytes of memory; ` +
          "it is damaged or hostile (raise the limit maxExpansion if it is neither)",
      );
    }
    this.#bytesLeft -= count;
  }

  /**
   * Charges for zeroed memory and allocates it.
   *
   * @throws FormatError when the limit is passed, or this machine cannot allocate so much at once
   */
  allocate(size: number): Uint8Array {
    this.takeBytes(size);
    try {
      return new Uint8Array(size);
    } catch {
      throw new FormatError(`${this.#what}: its data takes ${size} bytes at once, which cannot be allocated here`);
    }
  }

  /** @throws FormatError when the file has more items than its size allows. */
  takeItems(count: number): void {
    if (!(count <= this.#itemsLeft)) {
      throw new FormatError(`${this.#what}: more metadata items than its size can hold; it is damaged or hostile`);
    }
    this.#itemsLeft -= count;
  }
}
