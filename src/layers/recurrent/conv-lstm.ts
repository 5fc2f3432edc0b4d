import { UnsupportedLayerError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { transpose } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { text } from "../config.ts";
import type { BuildContext, LayerSpec, WeightSpec } from "../layer.ts";
import { ConvLstmSteps } from "./conv-lstm-steps.ts";
import { type Pass, type PassOptions, Recurrent, type RecurrentInputs } from "./recurrent.ts";

/** Moves the channels of [batch, timesteps, channels, …] or [batch, channels, …] to the end, or back. */
function moveChannels(p: Planner, x: Value, from: number, to: number): Value {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return { ...transpose(p, x, order), mask: x.mask };
}

/** An LSTM whose products are convolutions over `rank` spatial axes. */
abstract class ConvLSTM extends Recurrent {
  readonly cell: ConvLstmSteps;
  readonly channelsFirst: boolean;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context);
    this.cell = new ConvLstmSteps(this, rank);
    const format = text(this, this.config, "dataFormat", "channels_last", ["channels_last", "channels_first"]);
    this.channelsFirst = format === "channels_first";
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return this.cell.weightSpecs(inputShapes);
  }

  override pass(p: Planner, inputs: RecurrentInputs, options: PassOptions = {}): Pass {
    if (p.session) {
      throw new UnsupportedLayerError(
        `${this} cannot run in a session: convolutional states are not streamed. Use predict.`,
      );
    }
    if (!this.channelsFirst || inputs.x.shape.length !== this.cell.rank + 3) return super.pass(p, inputs, options);
    const x = moveChannels(p, inputs.x, 2, this.cell.rank + 2);
    const initialState = inputs.initialState.map((state) => moveChannels(p, state, 1, state.shape.length - 1));
    const { y, states } = super.pass(p, { ...inputs, x, initialState }, options);
    const back = (value: Value, axis: number) => moveChannels(p, value, value.shape.length - 1, axis);
    return { y: y && back(y, this.returnSequences ? 2 : 1), states: states.map((state) => back(state, 1)) };
  }
}

/** ConvLSTM over [batch, timesteps, length, channels]. */
export class ConvLSTM1D extends ConvLSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }
}

/** ConvLSTM over [batch, timesteps, rows, columns, channels]. */
export class ConvLSTM2D extends ConvLSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }
}

/** ConvLSTM over [batch, timesteps, depth, rows, columns, channels]. */
export class ConvLSTM3D extends ConvLSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 3);
  }
}
