import { UnsupportedLayerError } from "../errors.ts";
import { type Place, reshaped, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { axisOf, binary, cast, filled, moveAxis, normalize, overAxes, reduce, unary } from "../plan/tensor-ops.ts";
import type { Shape } from "../tensor.ts";
import { weightValue } from "./activation-layers.ts";
import { flag, integer, integers, real } from "./config.ts";
import { type BuildContext, Layer, type LayerSpec, type WeightSpec } from "./layer.ts";
import { FreeShapeLayer } from "./simple-layer.ts";

/** gamma (if the layer scales) and beta (if it centers), of one width. */
export function scaleAndCenter(layer: Layer, shape: readonly (number | null)[], center = true): WeightSpec[] {
  const specs: WeightSpec[] = [];
  if (flag(layer, layer.config, "scale", true)) specs.push({ name: "gamma", shape, trainable: true });
  if (center && flag(layer, layer.config, "center", true)) specs.push({ name: "beta", shape, trainable: true });
  return specs;
}

/**
 * Batch normalization with the statistics of training. Keras 1 had three modes: 1 takes the statistics of each row's
 * last axis, 2 those of the batch at hand.
 */
export class BatchNormalization extends Layer {
  readonly axis: number;
  readonly epsilon: number;
  readonly mode: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    const axes = integers(this, this.config, "axis", [-1]);
    if (axes.length !== 1) {
      throw new UnsupportedLayerError(`${this}: several axes are not supported; got [${axes.join(", ")}].`);
    }
    this.axis = axes[0]!;
    this.epsilon = real(this, this.config, "epsilon", this.profile.batchNormEpsilon);
    this.mode = integer(this, this.config, "mode", 0);
    if (flag(this, this.config, "renorm", false)) throw new UnsupportedLayerError(`${this}: renorm is not supported.`);
  }

  override get mixesRows(): boolean {
    return this.mode === 2;
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const shape = [inputShapes?.[0]?.at(this.axis) ?? null];
    const statistics = ["movingMean", "movingVariance"].map((name) => ({ name, shape, trainable: false }));
    return [...scaleAndCenter(this, shape), ...statistics];
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = cast(p, inputs[0]!, "float32");
    const y = this.mode === 0 ? this.#affine(p, x) : this.#ofKeras1(p, x);
    return [withMask(y, x.mask)];
  }

  /** The statistics are constants, so that a scale and an offset for each channel are all there is to do. */
  #affine(p: Planner, x: Value): Value {
    const width = this.needWeight("movingMean").shape[0]!;
    const last = moveAxis(p, x, this.axis, -1);
    this.checkInput(last, x.shape.length, width);
    const scale = this.#channels(p, "scale", width, (i) => this.#factor(i));
    const offset = this.#channels(p, "offset", width, (i) => {
      const beta = this.weight("beta")?.data[i] ?? 0;
      return beta - this.needWeight("movingMean").data[i]! * this.#factor(i);
    });
    return moveAxis(p, normalize(p, "affine", last, scale, offset, 0), -1, this.axis);
  }

  #factor(i: number): number {
    const gamma = this.weight("gamma")?.data[i] ?? 1;
    const spread = this.needWeight("movingVariance").data[i]!;
    return gamma / (this.profile.batchNormDeviation ? spread + this.epsilon : Math.sqrt(spread + this.epsilon));
  }

  #channels(p: Planner, key: string, width: number, value: (i: number) => number): Place {
    const buffer = p.store.constant(this, key, 4 * width, (engine, address) => {
      const { f32 } = engine.memory;
      for (let i = 0; i < width; i++) f32[(address >> 2) + i] = value(i);
    });
    return { buffer, offset: 0 };
  }

  #ofKeras1(p: Planner, x: Value): Value {
    const rank = x.shape.length;
    const axis = axisOf(this.axis, rank);
    const axes = this.mode === 1 ? [rank - 1] : x.shape.map((_, i) => i).filter((i) => i !== axis);
    const centred = binary(p, "subtract", x, reduce(p, "mean", x, axes, true));
    const variance = reduce(p, "mean", unary(p, "square", centred), axes, true);
    const { batchNormDeviation, batchNormBareDeviation } = this.profile;
    const bare = batchNormBareDeviation && this.mode === 1;
    let deviation = unary(p, "sqrt", bare ? variance : binary(p, "add", variance, this.epsilon));
    if (this.mode === 1 || batchNormDeviation) deviation = binary(p, "add", deviation, this.epsilon);
    const shape = x.shape.map((n, i) => (i === (this.mode === 1 ? rank - 1 : axis) ? n : 1));
    const wide = (name: string) => reshaped(weightValue(p, this, this.needWeight(name)), shape);
    return binary(
      p,
      "add",
      binary(p, "multiply", binary(p, "divide", centred, deviation), wide("gamma")),
      wide("beta"),
    );
  }
}

/** Scale and offset as [width], ones and zeros where the layer has none. */
export function rowsOf(p: Planner, layer: Layer, width: number): [Place, Place] {
  const [gamma, beta] = [layer.weight("gamma"), layer.weight("beta")];
  return [
    gamma ? weightValue(p, layer, gamma) : filled(p, [width], 1),
    beta ? weightValue(p, layer, beta) : filled(p, [width], 0),
  ];
}

/** Normalises over one or several axes of each row. */
export class LayerNormalization extends FreeShapeLayer {
  get axes(): readonly number[] {
    return integers(this, this.config, "axis", [-1]);
  }

  override freeSpecs(inputShapes: readonly Shape[] | undefined): readonly WeightSpec[] {
    const shape = inputShapes?.[0];
    return scaleAndCenter(this, shape ? this.axes.map((axis) => shape.at(axis)!) : [null], !this.#scalesOnly);
  }

  get #scalesOnly(): boolean {
    return flag(this, this.config, "rmsScaling", false) || this.className === "RMSNormalization";
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = cast(p, inputs[0]!, "float32");
    const epsilon = real(this, this.config, "epsilon", this.className === "RMSNormalization" ? 1e-6 : 1e-3);
    const axes = this.axes;
    const mode = this.className === "RMSNormalization" ? "rootMeanSquare" : "meanAndVariance";
    const rows = (row: Value): Value => {
      const [scale, offset] = rowsOf(p, this, row.shape.at(-1)!);
      return normalize(p, mode, row, scale, offset, epsilon);
    };
    const y = flag(this, this.config, "rmsScaling", false)
      ? this.#rmsScaled(p, x, epsilon)
      : overAxes(p, x, axes, rows);
    // Keras' RMSNormalization takes no masks.
    return [withMask(y, this.className === "RMSNormalization" ? undefined : x.mask)];
  }

  /** Keras' own "rms": divides by the deviation, does not centre. */
  #rmsScaled(p: Planner, x: Value, epsilon: number): Value {
    const { axes } = this;
    const centred = binary(p, "subtract", x, reduce(p, "mean", x, axes, true));
    const variance = reduce(p, "mean", unary(p, "square", centred), axes, true);
    const y = binary(p, "multiply", x, unary(p, "rsqrt", binary(p, "add", variance, epsilon)));
    const gamma = this.weight("gamma");
    if (!gamma) return y;
    const places = axes.map((axis) => axisOf(axis, x.shape.length));
    const shape = x.shape.map((n, i) => (places.includes(i) ? n : 1));
    return binary(p, "multiply", y, reshaped(weightValue(p, this, gamma), shape));
  }
}
