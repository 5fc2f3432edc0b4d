import type { Planner } from "../plan/planner.ts";
import type { Shape } from "../tensor.ts";
import { FusedCell, FusedSteps } from "./fused-cell.ts";
import type { BuildContext, Layer, LayerSpec, WeightSpec } from "./layer.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceRun } from "./sequence-run.ts";

/** Steps of a SimpleRNN: h = activation(x·W + b + h·U). */
export class SimpleRnnSteps extends FusedSteps {
  readonly gates = 1;
  readonly activation: number;

  constructor(owner: Layer) {
    super(owner);
    this.activation = this.code("activation", "tanh");
  }

  runSequence(p: Planner, run: SequenceRun): void {
    p.emit("simpleRnnForward", {
      ...this.commonArgs(p, run),
      bias: this.bias(p),
      hIn: run.initial?.[0] ?? 0,
      hOut: run.final[0]!,
      activation: this.activation,
    });
  }
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
