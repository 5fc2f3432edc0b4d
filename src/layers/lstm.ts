import type { Planner } from "../plan/planner.ts";
import type { Shape } from "../tensor.ts";
import { FusedCell, FusedSteps } from "./fused-cell.ts";
import type { BuildContext, Layer, LayerSpec, WeightSpec } from "./layer.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceRun } from "./sequence-run.ts";

/** Steps of an LSTM: gates i, f, c, o in the columns, states [h, c]. */
export class LstmSteps extends FusedSteps {
  readonly gates = 4;
  override readonly stateCount = 2;
  readonly activation: number;
  readonly recurrentActivation: number;

  constructor(owner: Layer) {
    super(owner);
    const { profile } = owner;
    this.activation = this.code("activation", "tanh");
    this.recurrentActivation = this.code("recurrentActivation", profile.recurrentActivation);
  }

  runSequence(p: Planner, run: SequenceRun): void {
    p.emit("lstmForward", {
      ...this.commonArgs(p, run),
      bias: this.bias(p),
      hIn: run.initial?.[0] ?? 0,
      cIn: run.initial?.[1] ?? 0,
      hOut: run.final[0]!,
      cOut: run.final[1]!,
      activation: this.activation,
      recurrentActivation: this.recurrentActivation,
    });
  }
}

/** Long short-term memory. */
export class LSTM extends Recurrent {
  readonly cell: LstmSteps;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.cell = new LstmSteps(this);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return this.cell.weightSpecs(inputShapes);
  }
}

/** One step of an LSTM, for RNN and StackedRNNCells. */
export class LSTMCell extends FusedCell {
  readonly steps = new LstmSteps(this);
}

/** Keras' GPU-only LSTM: tanh and sigmoid, whatever the era. Its weights have LSTM's layout by the time they come here. */
export class CuDNNLSTM extends LSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    const config = { ...spec.config, activation: "tanh", recurrentActivation: "sigmoid", useBias: true };
    super({ ...spec, config }, context);
  }
}
