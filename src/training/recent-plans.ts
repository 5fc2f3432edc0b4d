/** How many are kept: a run has few, one for whole batches, one for an epoch's last and one for validation. */
const KEPT = 12;

/** The plans that were used last, by what they were made for. */
export class RecentPlans<Plan> {
  readonly #plans = new Map<string, Plan>();

  /** The plan of that key, made if it is not there. */
  get(key: string, make: () => Plan): Plan {
    const plan = this.#plans.get(key) ?? make();
    // A map keeps the order of insertion: the last one in is the last one that is dropped.
    this.#plans.delete(key);
    if (this.#plans.size >= KEPT) this.#plans.delete(this.#plans.keys().next().value!);
    this.#plans.set(key, plan);
    return plan;
  }

  /** The plan of that key, if it is there. */
  find(key: string): Plan | undefined {
    return this.#plans.get(key);
  }

  /** All that are kept. */
  get all(): readonly Plan[] {
    return [...this.#plans.values()];
  }

  clear(): void {
    this.#plans.clear();
  }
}
