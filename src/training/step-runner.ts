import { DivergenceError } from "../errors.ts";
import { EngineStore } from "../plan/store.ts";
import { brokenIn, divergenceText, type Finding, firstBroken } from "./divergence.ts";
import { fillStep } from "./fill-step.ts";
import { KeptStates } from "./kept-states.ts";
import { allocateRegion, type Region } from "./parameters.ts";
import { RecentPlans } from "./recent-plans.ts";
import {
  type BatchTensors,
  planStep,
  type StepCut,
  type StepMode,
  type StepParts,
  type StepPlan,
} from "./step-plan.ts";

/** A step that has run: its plan, whose values are in memory until the next step, and what was made of the weights. */
export interface RanStep {
  readonly plan: StepPlan;
  /** Sample weights of each output, spread to one per row of its loss. */
  readonly weights: readonly (Float32Array | undefined)[];
}

/** What a step takes. */
export interface StepSize {
  /** Bytes beside weights, gradients and optimizer. */
  readonly tape: number;
  /** Time steps of the longest sequence that a recurrent layer takes; 0 if there is none. */
  readonly longest: number;
}

/** A batch, and how its step is cut. */
export interface CutStep extends StepCut {
  readonly batch: BatchTensors;
}

/** Runs a trainer's steps on batches: one plan for each mode and for each set of shapes, kept for the next such batch. */
export class StepRunner {
  readonly states: KeptStates;
  /** Losses of the step that ran last, one per output, then the weights' regularisation loss. */
  readonly report: Region;
  readonly #own: Omit<StepParts, "store" | "states" | "report" | "diverged">;
  readonly #store: EngineStore;
  readonly #plans = new RecentPlans<StepPlan>();
  readonly #sizes = new Map<string, StepSize>();
  /** What runs: looked at again if its numbers are not finite. */
  #current: CutStep | undefined;

  constructor(own: Omit<StepParts, "store" | "states" | "report" | "diverged">) {
    const { engine, settings } = own;
    this.#own = own;
    this.#store = new EngineStore(engine);
    this.states = new KeptStates(engine.memory);
    this.report = allocateRegion(engine, settings.length + 1);
  }

  /** What plans are made from. */
  get parts(): StepParts {
    const memory = { store: this.#store, states: this.states.block, report: this.report };
    return { ...this.#own, ...memory, diverged: (what) => this.#diverged(what) };
  }

  /** Bytes that the largest of the plans keeps between the way there and the way back. */
  get largestTape(): number {
    return Math.max(0, ...this.#plans.all.map((step) => step.bound.plan.scratchBytes));
  }

  /** What a step on such a batch takes. A plan that is made to know it is not kept: many are, while a limit is sought. */
  sizeOf(mode: StepMode, batch: BatchTensors, cut: StepCut): StepSize {
    const key = this.#keyOf(mode, batch, cut);
    const known = this.#sizes.get(key);
    if (known) return known;
    const { bound, longest } = this.#plans.find(key) ?? this.#make(mode, batch, cut);
    const size = { tape: bound.plan.scratchBytes, longest };
    this.#sizes.set(key, size);
    return size;
  }

  #planFor(mode: StepMode, batch: BatchTensors, cut: StepCut): StepPlan {
    return this.#plans.get(this.#keyOf(mode, batch, cut), () => this.#make(mode, batch, cut));
  }

  #make(mode: StepMode, batch: BatchTensors, { share = 1, spanSteps }: StepCut): StepPlan {
    return planStep({ ...this.parts, share, spanSteps }, mode, batch);
  }

  /** What plans are made for. Those of a stateful model are of one batch size. */
  #keyOf(mode: StepMode, { inputs, targets, weights }: BatchTensors, { share = 1, spanSteps }: StepCut): string {
    const { stateful } = this.#own.model;
    if (stateful && this.states.fixBatch(inputs[0]?.shape[0] ?? 1)) this.#plans.clear();
    const shapes = [...inputs, ...targets].map((tensor) => tensor?.shape.join("x") ?? "-").join(";");
    return `${mode} ${share} ${spanSteps} ${shapes} ${weights.map((tensor) => Number(tensor !== undefined)).join("")}`;
  }

  /**
   * Runs a step.
   *
   * @param cut - The batch's share in the loss, where it is a part of one, and the time steps that may be kept.
   * @throws {ShapeError} If a target or a weight does not fit its output.
   * @throws {DivergenceError} If a loss or a gradient is not finite; nothing was updated then.
   */
  run(mode: StepMode, batch: BatchTensors, cut: StepCut = {}): RanStep {
    const { engine, settings } = this.#own;
    const plan = this.#planFor(mode, batch, cut);
    const { bound } = plan;
    bound.prepare();
    this.states.settle();
    this.#current = { batch, spanSteps: cut.spanSteps };
    const weights = fillStep(engine, settings, plan, batch);
    bound.check();
    bound.run();
    return { plan, weights };
  }

  /** Looks whether a batch fits, without computing it. @throws {ShapeError} As {@link run} does. */
  check(batch: BatchTensors, cut: StepCut): void {
    const { engine, settings } = this.#own;
    const plan = this.#planFor("test", batch, cut);
    plan.bound.prepare();
    fillStep(engine, settings, plan, batch);
    plan.bound.check();
  }

  /** Says which batch an update is of, or a part of it: looked at if its gradients are not finite. */
  noteBatch(of: CutStep): void {
    this.#current = of;
  }

  /** Runs the batch again, looking at every layer, and tells. @throws {DivergenceError} Always. */
  #diverged(what: "loss" | "gradient"): never {
    const { engine, settings, parameters, updates } = this.#own;
    const broken = firstBroken(engine, parameters);
    const finding: Finding = { what: undefined };
    const { batch, spanSteps } = this.#current!;
    const plan = planStep({ ...this.parts, finding, spanSteps }, "accumulate", batch);
    plan.bound.prepare();
    fillStep(engine, settings, plan, batch);
    plan.bound.run();
    throw new DivergenceError(divergenceText(updates.batches + 1, what, broken, finding.what, brokenIn(batch)));
  }
}
