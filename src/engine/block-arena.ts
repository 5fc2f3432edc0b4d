import { EngineError } from "../errors.ts";
import { Arena } from "./memory.ts";

/** An arena over a block of a memory whose other bytes belong to others; it cannot grow beyond the block. */
export class BlockArena extends Arena {
  readonly #end: number;

  /** @param end - First byte behind the block. */
  constructor(memory: WebAssembly.Memory, first: number, end: number) {
    super(memory, first);
    this.#end = end;
  }

  override reserve(end: number): void {
    if (end > this.#end) throw new EngineError(`A thread's block of memory is ${end - this.#end} bytes too small.`);
    super.reserve(end);
  }
}
