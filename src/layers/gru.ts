import type { Planner } from "../plan/planner.ts";
import type { Shape } from "../tensor.ts";
import { flag } from "./config.ts";
import { FusedCell, FusedSteps } from "./fused-cell.ts";
import type { BuildContext, Layer, LayerSpec, WeightSpec } from "./layer.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceRun } from "./sequence-run.ts";

type Arrays = Parameters<Layer["setWeights"]>[0];

/** Steps of a GRU: gates z, r, h in the columns; z keeps the old state. */
export class GruSteps extends FusedSteps {
  readonly gates = 3;
  readonly activation: number;
  readonly recurrentActivation: number;
  #resetAfter: boolean;

  constructor(owner: Layer) {
    super(owner);
    const { config, profile } = owner;
    this.activation = this.code("activation", "tanh");
    this.recurrentActivation = this.code("recurrentActivation", profile.recurrentActivation);
    this.#resetAfter = flag(owner, config, "resetAfter", profile.gruResetAfter);
  }

  /** True if the reset gate acts on h·U + its own bias, false if on h. */
  get resetAfter(): boolean {
    return this.#resetAfter;
  }

  /** Configs that do not say `reset_after` leave it to the shape of the bias: only that form has two rows. */
  learnResetAfter(arrays: Arrays): void {
    const { config, weights } = this.owner;
    const isOpen = this.useBias && config["resetAfter"] === undefined && weights.length === 0;
    const bias = isOpen ? arrays[2] : undefined;
    if (bias) this.#resetAfter = bias.shape.length === 2;
  }

  protected override get biasShape(): readonly number[] {
    const width = this.gates * this.units;
    return this.resetAfter ? [2, width] : [width];
  }

  runSequence(p: Planner, run: SequenceRun): void {
    p.emit("gruForward", {
      ...this.commonArgs(p, run),
      bias: this.bias(p, this.resetAfter ? 0 : undefined),
      recurrentBias: this.resetAfter ? this.bias(p, 1) : 0,
      hIn: run.initial?.[0] ?? 0,
      hOut: run.final[0]!,
      activation: this.activation,
      recurrentActivation: this.recurrentActivation,
      resetAfter: Number(this.resetAfter),
    });
  }
}

/** Gated recurrent unit. */
export class GRU extends Recurrent {
  readonly cell: GruSteps;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.cell = new GruSteps(this);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return this.cell.weightSpecs(inputShapes);
  }

  override setWeights(arrays: Arrays): void {
    this.cell.learnResetAfter(arrays);
    super.setWeights(arrays);
  }
}

/** One step of a GRU, for RNN and StackedRNNCells. */
export class GRUCell extends FusedCell {
  readonly steps = new GruSteps(this);

  override setWeights(arrays: Arrays): void {
    this.steps.learnResetAfter(arrays);
    super.setWeights(arrays);
  }
}

/** Keras' GPU-only GRU: reset after, tanh and sigmoid. Its weights have GRU's layout by the time they come here. */
export class CuDNNGRU extends GRU {
  constructor(spec: LayerSpec, context: BuildContext) {
    const fixed = { activation: "tanh", recurrentActivation: "sigmoid", resetAfter: true, useBias: true };
    super({ ...spec, config: { ...spec.config, ...fixed } }, context);
  }
}
