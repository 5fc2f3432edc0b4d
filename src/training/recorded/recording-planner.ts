import type { Place } from "../../plan/buffer.ts";
import type { HostOp, KernelArg } from "../../plan/planner.ts";
import { Planner } from "../../plan/planner.ts";

/** A kernel call as it was appended; undefined `kernel` for a step in JavaScript. */
export interface RecordedCall {
  readonly kernel: string | undefined;
  readonly args: Readonly<Record<string, KernelArg>>;
}

/** A planner that can tell which kernel calls a layer appends: their way back follows from them. */
export class RecordingPlanner extends Planner {
  #calls: RecordedCall[] | undefined;

  /** Runs a function and gives what it returns, with the calls that it has appended. */
  record<T>(make: () => T): { readonly made: T; readonly calls: readonly RecordedCall[] } {
    const before = this.#calls;
    const calls: RecordedCall[] = [];
    this.#calls = calls;
    try {
      return { made: make(), calls };
    } finally {
      this.#calls = before;
      before?.push(...calls);
    }
  }

  override emitNamed(kernel: string, parameters: readonly string[], args: Readonly<Record<string, KernelArg>>): void {
    this.#calls?.push({ kernel, args });
    super.emitNamed(kernel, parameters, args);
  }

  override host(places: readonly Place[], run: HostOp["run"]): void {
    this.#calls?.push({ kernel: undefined, args: Object.fromEntries(places.map((place, i) => [`place${i}`, place])) });
    super.host(places, run);
  }
}
