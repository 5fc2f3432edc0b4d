import { ShapeError } from "../../errors.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { advanced, multiply, pad } from "../../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor.ts";
import { applyActivation, fusedCode } from "../activation.ts";
import { positive } from "../config.ts";
import type { BuildContext, LayerSpec, Weight, WeightSpec } from "../layer.ts";
import { packedKernel, plainWeight } from "../packed-weights.ts";
import { Convolution } from "./convolution-base.ts";
import { gatherPatches } from "./window.ts";

/** Rows of what lies under the window: element (place, cell, channel) is at place · row + cell · column + channel. */
interface Patches {
  readonly rows: Place;
  readonly row: number;
  readonly column: number;
}

/** The steps of one sequence under the window: they lie in it, as far as it needs no copy for its padding. */
function stepsOf(p: Planner, layer: Convolution, x: Value): (sample: number) => Patches {
  const [, n, channels] = x.shape as [number, number, number];
  const { before, count, stride, dilation, kernel } = layer.window(n);
  const needed = (count - 1) * stride + (kernel - 1) * dilation + 1;
  const cells = pad(p, x, [
    [0, 0],
    [before, Math.max(0, needed - n - before)],
    [0, 0],
  ]);
  const size = cells.shape[1]! * channels;
  const strides = { row: stride * channels, column: dilation * channels };
  return (sample) => ({ rows: advanced(cells, sample * size, "float32"), ...strides });
}

function patchesOf(p: Planner, layer: Convolution, x: Value): (sample: number) => Patches {
  const channels = x.shape.at(-1)!;
  const windows = x.shape.slice(1, -1).map((size, i) => layer.window(size, i));
  const row = sizeOf(windows.map(({ kernel }) => kernel)) * channels;
  const rows = p.tensor([sizeOf(windows.map(({ count }) => count)), row]);
  const size = sizeOf(x.shape.slice(1));
  return (sample) => {
    gatherPatches(p, rows, row, advanced(x, sample * size, "float32"), channels, windows);
    return { rows, row, column: channels };
  };
}

/** y[place, c·M + m] = Σ x[under the window at place, c] · kernel[cell, c, m], for each channel by itself. */
function depthwise(p: Planner, layer: Convolution, x: Value, kernel: Weight): Value {
  const [channels, times] = kernel.shape.slice(-2) as [number, number];
  if (x.shape.at(-1) !== channels) {
    throw new ShapeError(`${layer}: expected an input of ${channels} channels; got ${formatShape(x.shape)}.`);
  }
  const counts = x.shape.slice(1, -1).map((size, i) => layer.window(size, i).count);
  const places = sizeOf(counts);
  const width = channels * times;
  const y = p.tensor([x.shape[0]!, ...counts, width]);
  const b = plainWeight(p, layer, "depthwise:plain", kernel);
  const patches = (counts.length === 1 ? stepsOf : patchesOf)(p, layer, x);
  for (let sample = 0; sample < x.shape[0]!; sample++) {
    const { rows, row, column } = patches(sample);
    multiply(p, {
      y: advanced(y, sample * places * width, "float32"),
      yBatch: times,
      yRow: width,
      a: rows,
      aBatch: 1,
      aRow: row,
      aColumn: column,
      b,
      bBatch: times,
      bRow: width,
      batch: channels,
      m: places,
      k: sizeOf(kernel.shape.slice(0, -2)),
      columns: times,
    });
  }
  return y;
}

/** What depthwise and separable convolutions share: the kernel [...size, channels, multiplier]. */
abstract class PerChannel extends Convolution {
  /** Channels of the input, and how many the depthwise step makes of them; null where they are not known yet. */
  channels(inputShapes?: readonly Shape[]): { readonly given: number | null; readonly made: number | null } {
    const given = inputShapes?.[0]?.at(this.config["dataFormat"] === "channels_first" ? 1 : -1) ?? null;
    return { given, made: given === null ? null : given * this.#times };
  }

  /** The depthwise kernel as a spec. */
  kernelSpec(name: string, given: number | null): WeightSpec {
    return { name, shape: [...this.axes.map((axis) => axis.kernel), given, this.#times], trainable: true };
  }

  get #times(): number {
    return positive(this, this.config, "depthMultiplier", 1);
  }
}

/** A convolution of each channel by itself. */
class Depthwise extends PerChannel {
  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const { given, made } = this.channels(inputShapes);
    return [this.kernelSpec("kernel", given), ...this.biasSpecs(made)];
  }

  override convolve(p: Planner, x: Value): Value {
    return this.finish(p, depthwise(p, this, x, this.needWeight("kernel")));
  }
}

/** A depthwise convolution, then a dense product over the channels. */
class Separable extends PerChannel {
  readonly filters: number;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context, rank);
    this.filters = positive(this, this.config, "filters");
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const { given, made } = this.channels(inputShapes);
    const pointwise = {
      name: "pointwiseKernel",
      shape: [...this.axes.map(() => 1), made, this.filters],
      trainable: true,
    };
    return [this.kernelSpec("depthwiseKernel", given), pointwise, ...this.biasSpecs(this.filters)];
  }

  override convolve(p: Planner, x: Value): Value {
    const deep = depthwise(p, this, x, this.needWeight("depthwiseKernel"));
    const fused = fusedCode(this.activation);
    const features = deep.shape.at(-1)!;
    const y = p.tensor([...deep.shape.slice(0, -1), this.filters]);
    p.emit("denseForward", {
      y,
      yStride: this.filters,
      x: deep,
      xStride: features,
      kernel: packedKernel(p, this, "pointwiseKernel", this.needWeight("pointwiseKernel"), 1),
      bias: packedKernel(p, this, "bias", this.weight("bias"), 1, this.filters),
      rows: sizeOf(deep.shape) / features,
      features,
      units: this.filters,
      activation: fused ?? 0,
    });
    return fused === undefined ? applyActivation(p, y, this.activation) : y;
  }
}

export class DepthwiseConv1D extends Depthwise {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }
}
export class DepthwiseConv2D extends Depthwise {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }
}
export class SeparableConv1D extends Separable {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }
}
export class SeparableConv2D extends Separable {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }
}
