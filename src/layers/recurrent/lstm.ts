import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { type AnyActivation, applyActivation } from "../activation.ts";
import type { BuildContext, Layer, LayerSpec, WeightSpec } from "../layer.ts";
import { FusedCell, FusedSteps } from "./fused-cell.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceRun } from "./sequence-run.ts";

/** Steps of an LSTM: gates i, f, c, o in the columns, states [h, c]. */
export class LstmSteps extends FusedSteps {
  readonly gates = 4;
  override readonly stateCount = 2;
  protected readonly activations: readonly [AnyActivation, AnyActivation];

  constructor(owner: Layer) {
    super(owner);
    const { profile } = owner;
    this.activations = [
      this.chosen("activation", "tanh"),
      this.chosen("recurrentActivation", profile.recurrentActivation),
    ];
  }

  protected runFused(p: Planner, run: SequenceRun, [activation, recurrentActivation]: readonly number[]): void {
    p.emit("lstmForward", {
      ...this.commonArgs(p, run),
      hIn: run.initial?.[0] ?? 0,
      cIn: run.initial?.[1] ?? 0,
      hOut: run.final[0]!,
      cOut: run.final[1]!,
      activation: activation!,
      recurrentActivation: recurrentActivation!,
    });
  }

  readonly planStep = (p: Planner, [x, h, c]: readonly Value[]): readonly Value[] => {
    const [act, gate] = this.activations;
    const input = this.product(p, x!, "kernel", this.plainBias(p));
    const z = binary(p, "add", input, this.product(p, h!, "recurrentKernel", 0));
    const [i, f, o] = [0, 1, 3].map((index) => applyActivation(p, this.gate(p, z, index), gate)) as [
      Value,
      Value,
      Value,
    ];
    const candidate = applyActivation(p, this.gate(p, z, 2), act);
    const cell = binary(p, "add", binary(p, "multiply", f, c!), binary(p, "multiply", i, candidate));
    const next = binary(p, "multiply", o, applyActivation(p, cell, act));
    return [next, next, cell];
  };
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
