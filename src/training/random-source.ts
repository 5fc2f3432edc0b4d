import type { Engine } from "../engine/engine.ts";
import type { Place } from "../plan/buffer.ts";
import { allocateRegion, type Region } from "./parameters.ts";
import type { RandomSource, Tape } from "./tape.ts";

/**
 * Dropout's random numbers: a mask depends on the seed, the step and its place in the model, and on nothing else, so
 * that a resumed run draws the same.
 */
export class DropoutSource implements RandomSource {
  readonly seed: number;
  /** Training steps begun. */
  step = 0;
  readonly #engine: Engine;
  readonly #state: Region;
  readonly #streams = new WeakMap<Tape, number>();

  constructor(engine: Engine, seed: number) {
    this.#engine = engine;
    this.seed = seed >>> 0;
    this.#state = allocateRegion(engine, 4);
  }

  /** Moves on to the next step's numbers; each part of a batch has its own. */
  next(part = 0): void {
    this.step++;
    const { i32 } = this.#engine.memory;
    i32[this.#state.address >> 2] = this.seed | 0;
    i32[(this.#state.address >> 2) + 1] = (this.step + Math.imul(part, 0x9e3779b9)) | 0;
  }

  #stream(tape: Tape): number {
    const stream = this.#streams.get(tape) ?? 0;
    this.#streams.set(tape, stream + 1);
    return stream;
  }

  mask(tape: Tape, count: number, rate: number): Place {
    const y = { buffer: tape.p.buffer(4 * count), offset: 0 };
    tape.emit("randomMask", { y, count, seed: this.#state.place, stream: this.#stream(tape), rate });
    return y;
  }

  normal(tape: Tape, count: number, deviation: number): Place {
    const y = { buffer: tape.p.buffer(4 * count), offset: 0 };
    tape.emit("randomNormal", { y, count, seed: this.#state.place, stream: this.#stream(tape), deviation });
    return y;
  }
}
