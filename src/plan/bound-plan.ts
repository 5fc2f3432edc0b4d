import type { Engine } from "../engine/engine.ts";
import type { KernelName } from "../engine/kernels.ts";
import type { Place } from "./buffer.ts";
import { checkRange } from "./check-range.ts";
import type { HostMemory, Op, Plan } from "./planner.ts";

/**
 * A plan with addresses: running it is a loop over bound calls and allocates nothing.
 */
export class BoundPlan {
  readonly plan: Plan;
  readonly #engine: Engine;
  #calls: (() => unknown)[] = [];
  #base = -1;

  constructor(plan: Plan, engine: Engine) {
    this.plan = plan;
    this.#engine = engine;
  }

  /** Makes room for the scratch and binds addresses, if that has not been done or persistent memory has grown since. */
  prepare(): void {
    const { memory } = this.#engine;
    const base = memory.scratchBase;
    if (base === this.#base) return;
    memory.reserve(base + this.plan.scratchBytes);
    this.#base = base;
    this.#calls = this.plan.ops.map((op) => this.#bind(op));
  }

  /** Address of an input, output or any other place of the plan. Call {@link prepare} first. */
  address(place: Place): number {
    const { buffer, offset } = place;
    return (buffer.address ?? this.#base + buffer.offset) + offset;
  }

  /** Looks at the inputs' row numbers before anything is computed. @throws {ShapeError} If one is out of range. */
  check(): void {
    const { memory } = this.#engine;
    for (const check of this.plan.checks) checkRange(memory, this.address(check.indices), check);
  }

  /** Runs every operation in order. Inputs must have been written; outputs can be read until the next run of any plan. */
  run(): void {
    const calls = this.#calls;
    for (let i = 0; i < calls.length; i++) calls[i]!();
  }

  #bind(op: Op): () => unknown {
    if ("kernel" in op) {
      const args = op.args.map((arg) => (typeof arg === "number" ? arg : this.address(arg)));
      return this.#engine.kernels[op.kernel as KernelName].bind(undefined, ...args);
    }
    const addresses = op.places.map((place) => this.address(place));
    const memory: HostMemory = this.#engine.memory;
    return () => op.run(memory, addresses);
  }
}
