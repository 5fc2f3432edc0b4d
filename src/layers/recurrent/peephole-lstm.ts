import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { applyActivation } from "../activation.ts";
import { weightValue } from "../activation-layers.ts";
import type { WeightSpec } from "../layer.ts";
import { FusedCell } from "./fused-cell.ts";
import { LstmSteps } from "./lstm.ts";
import type { SequenceRun } from "./sequence-run.ts";
import { runStepwise } from "./stepwise.ts";

const GATES = ["input", "forget", "output"] as const;

/** Steps of an LSTM whose gates see the carry (Gers and Schmidhuber, 2000): the output gate the new one. */
class PeepholeSteps extends LstmSteps {
  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const peepholes = GATES.map((gate) => ({
      name: `${gate}GatePeepholeWeights`,
      shape: [this.units],
      trainable: true,
    }));
    return [...super.weightSpecs(inputShapes), ...peepholes];
  }

  override readonly planStep = (p: Planner, [x, h, c]: readonly Value[]): readonly Value[] => {
    const [act, gate] = this.activations;
    const z = binary(
      p,
      "add",
      this.product(p, x!, "kernel", this.plainBias(p)),
      this.product(p, h!, "recurrentKernel", 0),
    );
    const gated = (index: number, name: (typeof GATES)[number], carry: Value): Value => {
      const weight = weightValue(p, this.owner, this.owner.needWeight(`${name}GatePeepholeWeights`));
      return applyActivation(p, binary(p, "add", this.gate(p, z, index), binary(p, "multiply", weight, carry)), gate);
    };
    const [i, f] = [gated(0, "input", c!), gated(1, "forget", c!)];
    const candidate = applyActivation(p, this.gate(p, z, 2), act);
    const cell = binary(p, "add", binary(p, "multiply", f, c!), binary(p, "multiply", i, candidate));
    const next = binary(p, "multiply", gated(3, "output", cell), applyActivation(p, cell, act));
    return [next, next, cell];
  };

  override runSequence(p: Planner, run: SequenceRun): void {
    runStepwise(p, this, run, (inputs) => this.planStep(p, inputs));
  }
}

/** tf.keras' experimental LSTM cell with peephole connections. */
export class PeepholeLSTMCell extends FusedCell {
  readonly steps = new PeepholeSteps(this);
}
