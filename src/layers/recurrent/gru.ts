import type { Place, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { type AnyActivation, applyActivation } from "../activation.ts";
import { flag } from "../config.ts";
import type { BuildContext, Layer, LayerSpec, WeightSpec } from "../layer.ts";
import { packedKernel } from "../packed-weights.ts";
import { FusedCell, FusedSteps } from "./fused-cell.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceRun } from "./sequence-run.ts";

type Arrays = Parameters<Layer["setWeights"]>[0];

/** Steps of a GRU: gates z, r, h in the columns; z keeps the old state. */
export class GruSteps extends FusedSteps {
  readonly gates = 3;
  protected readonly activations: readonly [AnyActivation, AnyActivation];
  #resetAfter: boolean;

  constructor(owner: Layer) {
    super(owner);
    const { config, profile } = owner;
    this.activations = [
      this.chosen("activation", "tanh"),
      this.chosen("recurrentActivation", profile.recurrentActivation),
    ];
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

  protected runFused(p: Planner, run: SequenceRun, [activation, recurrentActivation]: readonly number[]): void {
    const bias = this.owner.weight("bias");
    p.emit("gruForward", {
      ...this.commonArgs(p, run),
      recurrentBias: bias && this.resetAfter ? packedKernel(p, this.owner, "bias", bias, 3, this.units, 1) : 0,
      hIn: run.initial?.[0] ?? 0,
      hOut: run.final[0]!,
      activation: activation!,
      recurrentActivation: recurrentActivation!,
      resetAfter: Number(this.resetAfter),
    });
  }

  /** The kernel adds the recurrent bias of z and r with this one. */
  protected override bias(p: Planner): Place {
    const { owner, units } = this;
    const own = owner.weight("bias");
    if (!own || !this.resetAfter) return super.bias(p);
    const sums = {
      shape: own.shape,
      get data() {
        return own.data.map((value, i, all) => (i < 2 * units ? value + all[3 * units + i]! : value));
      },
    };
    return packedKernel(p, owner, "bias", sums, 3, units, 0);
  }

  readonly planStep = (p: Planner, [x, h]: readonly Value[]): readonly Value[] => {
    const [act, gate] = this.activations;
    const after = this.resetAfter;
    const input = this.product(p, x!, "kernel", this.plainBias(p, after ? 0 : undefined));
    const recurrent = this.product(p, h!, "recurrentKernel", after ? this.plainBias(p, 1) : 0);
    const sum = binary(p, "add", input, recurrent);
    const [z, r] = [0, 1].map((index) => applyActivation(p, this.gate(p, sum, index), gate)) as [Value, Value];
    const candidatePart = after
      ? binary(p, "multiply", r, this.gate(p, recurrent, 2))
      : this.gate(p, this.product(p, binary(p, "multiply", r, h!), "recurrentKernel", 0), 2);
    const candidate = applyActivation(p, binary(p, "add", this.gate(p, input, 2), candidatePart), act);
    const kept = binary(p, "multiply", z, h!);
    const next = binary(p, "add", kept, binary(p, "multiply", binary(p, "subtract", 1, z), candidate));
    return [next, next];
  };
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
