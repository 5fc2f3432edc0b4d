import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { type AnyActivation, applyActivation } from "../activation.ts";
import type { BuildContext, Layer, LayerSpec, WeightSpec } from "../layer.ts";
import { FusedCell, FusedSteps } from "./fused-cell.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceRun } from "./sequence-run.ts";

/** Steps of a SimpleRNN: h = activation(x·W + b + h·U). */
export class SimpleRnnSteps extends FusedSteps {
  readonly gates = 1;
  protected readonly activations: readonly [AnyActivation];

  constructor(owner: Layer) {
    super(owner);
    this.activations = [this.chosen("activation", "tanh")];
  }

  protected runFused(p: Planner, run: SequenceRun, [activation]: readonly number[]): void {
    p.emit("simpleRnnForward", {
      ...this.commonArgs(p, run),
      hIn: run.initial?.[0] ?? 0,
      hOut: run.final[0]!,
      activation: activation!,
    });
  }

  readonly planStep = (p: Planner, [x, h]: readonly Value[]): readonly Value[] => {
    const input = this.product(p, x!, "kernel", this.plainBias(p));
    const z = binary(p, "add", input, this.product(p, h!, "recurrentKernel", 0));
    const next = applyActivation(p, z, this.activations[0]);
    return [next, next];
  };
}

/** A fully connected recurrent layer. */
export class SimpleRNN extends Recurrent {
  readonly cell: SimpleRnnSteps;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.cell = new SimpleRnnSteps(this);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return this.cell.weightSpecs(inputShapes);
  }
}

/** One step of a SimpleRNN, for RNN and StackedRNNCells. */
export class SimpleRNNCell extends FusedCell {
  readonly steps = new SimpleRnnSteps(this);
}
