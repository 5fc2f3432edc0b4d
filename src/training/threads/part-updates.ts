import { RecentPlans } from "../recent-plans.ts";
import type { StepParts } from "../step-plan.ts";
import type { RemoteTrainer, SummedGradient } from "./parts.ts";
import { runCalls, tableCalls } from "./table-calls.ts";
import { fillUpdate, planUpdate, rowCapacity, type UpdateStep } from "./update-step.ts";

/** Updates from the gradients of parts, by one thread, or the rows of tables by several over one memory. */
export class PartUpdates {
  readonly #of: { readonly parts: StepParts };
  readonly #plans = new RecentPlans<UpdateStep>();
  /** Sets the other threads to work, once it is sure that an update will be made. */
  #begin: () => void = () => undefined;

  /** @param of - Gives what plans are made from, as it is when one is made. */
  constructor(of: { readonly parts: StepParts }) {
    this.#of = of;
  }

  /**
   * @param keptBytes - Bytes at the beginning of scratch in which gradients lie.
   * @param helpers - Threads that update rows of tables while this one updates the rest; they may not have ended.
   * @throws {DivergenceError} If a gradient is not finite; nothing has changed then.
   */
  run(sums: readonly SummedGradient[], keptBytes: number, helpers: readonly Pick<RemoteTrainer, "call">[]): void {
    const { parts } = this.#of;
    const { engine, parameters, updates } = parts;
    const divides = ({ parameter, tables }: SummedGradient) =>
      helpers.length > 0 && tables !== undefined && updates.dividesRows(parameters.trainable[parameter]!);
    const divided = sums.filter(divides);
    const whole = sums.filter((sum) => !divides(sum));
    const sizes = whole.map(({ parameter, tables }) => `${parameter}:${tables ? rowCapacity(tables) : ""}`);
    const plan = this.#plans.get(`${keptBytes} ${sizes.join(" ")}`, () =>
      planUpdate(parts, whole, keptBytes, () => this.#begin()),
    );
    plan.bound.prepare();
    const scratch = engine.memory.scratchBase + plan.bound.plan.scratchBytes;
    const threads = divided.length > 0 ? 1 + helpers.length : 0;
    const [own = [], ...others] = tableCalls(engine, parameters, updates, divided, threads, scratch);
    this.#begin = () => {
      for (const [i, calls] of others.entries()) helpers[i]!.call(calls);
    };
    fillUpdate(engine, parameters, plan, whole);
    plan.bound.run();
    runCalls(engine, own);
  }
}
