import { UnsupportedLayerError } from "../../errors.ts";
import { type Value, withMask } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, concat } from "../../plan/tensor-ops.ts";
import { integer } from "../config.ts";
import { innerSpec } from "../inner-spec.ts";
import { type BuildContext, type ChildLayer, Layer, type LayerCall, type LayerSpec } from "../layer.ts";
import { type Pass, Recurrent, type RecurrentInputs, recurrentInputs } from "./recurrent.ts";
import { type Strided, shifted } from "./sequence-run.ts";

type MergeMode = "concat" | "sum" | "mul" | "ave" | null;
const MERGE_MODES: readonly unknown[] = ["concat", "sum", "mul", "ave", null];

/** A recurrent layer and its mirror image in time, outputs merged. */
export class Bidirectional extends Layer {
  readonly forwardLayer: Recurrent;
  readonly backwardLayer: Recurrent;
  readonly mergeMode: MergeMode;
  readonly numConstants: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    const mode = this.config["mergeMode"] === undefined ? "concat" : this.config["mergeMode"];
    if (!MERGE_MODES.includes(mode)) {
      throw new UnsupportedLayerError(
        `${this}: the mergeMode ${JSON.stringify(mode)} is not one of concat, sum, mul, ave, null.`,
      );
    }
    this.mergeMode = mode as MergeMode;
    this.numConstants = integer(this, this.config, "numConstants", 0);
    const inner = innerSpec(this, "layer");
    this.forwardLayer = this.#recurrent(context.create(inner));
    const given = this.config["backwardLayer"];
    const mirrored = { ...inner.config, goBackwards: !this.forwardLayer.goBackwards };
    const backward = given
      ? innerSpec(this, "backwardLayer")
      : { ...inner, name: `backward_${inner.name}`, config: mirrored };
    this.backwardLayer = this.#recurrent(context.create(backward));
    if (this.forwardLayer.goBackwards === this.backwardLayer.goBackwards) {
      throw new UnsupportedLayerError(
        `${this}: its forward and backward layers run in the same direction of time (go_backwards); Keras refuses that, too.`,
      );
    }
  }

  #recurrent(layer: Layer): Recurrent {
    if (layer instanceof Recurrent) return layer;
    throw new UnsupportedLayerError(`${this} wraps ${layer}, which is not recurrent.`);
  }

  override get children(): readonly ChildLayer[] {
    return [
      { path: "forwardLayer", layer: this.forwardLayer },
      { path: "backwardLayer", layer: this.backwardLayer },
    ];
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    if (p.session) {
      throw new UnsupportedLayerError(
        `${this} reads each sequence from both ends, so that its first output needs the last input. A session feeds steps one after another: use predict on the whole sequence.`,
      );
    }
    const { forwardLayer, backwardLayer } = this;
    const all = recurrentInputs(p, this, inputs, call, this.numConstants);
    const half = all.initialState.length / 2;
    const forward = { ...all, initialState: all.initialState.slice(0, Math.floor(half)) };
    const backward = { ...all, initialState: all.initialState.slice(Math.floor(half)) };
    const sequences = forwardLayer.returnSequences;
    const [a, b, outputs] = this.#merged(p, forward, backward);
    const passesMask = sequences && this.profile.recurrentPassesMask;
    const masked = outputs.map((value) => withMask(value, passesMask ? all.passedMask : undefined));
    const statesWanted = forwardLayer.returnState || backwardLayer.returnState;
    return statesWanted ? [...masked, ...a.states, ...b.states] : masked;
  }

  /** True if masked steps put out zeros: for most of Keras' versions whatever the layers themselves say. */
  get zeroesMasked(): boolean {
    const { bidirectionalZeroesMasked, bidirectionalHeedsZeroes } = this.profile;
    const { returnSequences, zeroOutputForMask } = this.forwardLayer;
    return returnSequences ? bidirectionalZeroesMasked : bidirectionalHeedsZeroes && zeroOutputForMask;
  }

  #merged(p: Planner, forward: RecurrentInputs, backward: RecurrentInputs): [Pass, Pass, readonly Value[]] {
    const { forwardLayer, backwardLayer, mergeMode } = this;
    const sequences = forwardLayer.returnSequences;
    const rules = { zeroOutputForMask: this.zeroesMasked, forgetsState: this.profile.bidirectionalForgetsState };
    const inPlace = mergeMode === "concat" && [forwardLayer, backwardLayer].every(writesInPlace);
    if (inPlace) {
      const widths = [forwardLayer, backwardLayer].map(
        (layer) => layer.cell.shapes(forward.x.shape.slice(2)).output[0]!,
      );
      const [y, left, right] = halves(p, forward.x.shape, widths as [number, number], sequences);
      const a = forwardLayer.pass(p, forward, { target: left, ...rules });
      const b = backwardLayer.pass(p, backward, { target: right, flipOutputs: true, ...rules });
      return [a, b, [y]];
    }
    const a = forwardLayer.pass(p, forward, rules);
    const b = backwardLayer.pass(p, backward, { flipOutputs: true, ...rules });
    const [left, right] = [a.y!, b.y!];
    if (mergeMode === null) return [a, b, [left, right]];
    if (mergeMode === "concat") return [a, b, [concat(p, [left, right], left.shape.length - 1)]];
    if (mergeMode === "mul") return [a, b, [binary(p, "multiply", left, right)]];
    const sum = binary(p, "add", left, right);
    return [a, b, [mergeMode === "sum" ? sum : binary(p, "multiply", sum, 0.5)]];
  }
}

function writesInPlace(layer: Recurrent): boolean {
  return layer.cell.writesStrided && !layer.timeMajor;
}

/** The concatenated output, and where each direction writes its columns. */
function halves(
  p: Planner,
  shape: readonly number[],
  [left, right]: readonly [number, number],
  sequences: boolean,
): [Value, Strided, Strided] {
  const [batch, timesteps] = [shape[0]!, shape[1]!];
  const width = left + right;
  const y = p.tensor(sequences ? [batch, timesteps, width] : [batch, width]);
  const strides = sequences
    ? { batchStride: timesteps * width, timeStride: width }
    : { batchStride: width, timeStride: 0 };
  return [y, { place: y, ...strides }, { place: shifted(y, 4 * left), ...strides }];
}
