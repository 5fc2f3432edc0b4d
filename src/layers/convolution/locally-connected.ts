import { ShapeError } from "../../errors.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { advanced, binary, type Multiplication, multiply, transpose } from "../../plan/tensor-ops.ts";
import { formatShape, sizeOf } from "../../tensor.ts";
import { applyActivation } from "../activation.ts";
import { weightValue } from "../activation-layers.ts";
import { positive } from "../config.ts";
import type { BuildContext, LayerSpec, Weight, WeightSpec } from "../layer.ts";
import { plainWeight } from "../packed-weights.ts";
import { channelsFirst } from "../reshaping.ts";
import { Convolution } from "./convolution-base.ts";
import { patches } from "./convolved.ts";
import { gatherPatches } from "./window.ts";

/** A convolution with a kernel of its own for each place: [places, size · channels, filters]. */
abstract class LocallyConnected extends Convolution {
  readonly filters: number;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context, rank);
    this.filters = positive(this, this.config, "filters");
  }

  override weightSpecs(): readonly WeightSpec[] {
    const kernel = { name: "kernel", shape: [null, null, this.filters], trainable: true };
    const bias = { name: "bias", shape: [...this.axes.map(() => null), this.filters], trainable: true };
    return this.useBias ? [kernel, bias] : [kernel];
  }

  /** @throws {ShapeError} If the kernel is for another number of places or of features. */
  checkKernel(kernel: Weight, counts: readonly number[], x: Value): void {
    const features = this.axes.reduce((product, axis) => product * axis.kernel, x.shape.at(-1)!);
    if (sizeOf(counts) === kernel.shape[0] && features === kernel.shape[1] && this.padding === "valid") return;
    throw new ShapeError(
      `${this}: its kernel ${formatShape(kernel.shape)} does not fit an input of ${formatShape(x.shape)}.`,
    );
  }

  /**
   * y [batch, places, filters] = the patches of each place times that place's kernel.
   *
   * @param patches - Where they begin, and the elements from one place to the next and from one row to the next.
   */
  productOfPlaces(
    p: Planner,
    y: Value,
    patches: Pick<Multiplication, "a" | "aBatch" | "aRow">,
    kernel: Weight,
    plain = plainWeight(p, this, "kernel:plain", kernel),
  ): void {
    const [places, features, filters] = kernel.shape as [number, number, number];
    multiply(p, {
      y,
      yBatch: filters,
      yRow: places * filters,
      ...patches,
      aColumn: 1,
      b: plain,
      bBatch: features * filters,
      bRow: filters,
      batch: places,
      m: y.shape[0]!,
      k: features,
      columns: filters,
    });
  }
}

export class LocallyConnected1D extends LocallyConnected {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }

  override convolve(p: Planner, x: Value): Value {
    const kernel = this.needWeight("kernel");
    const [places, , filters] = kernel.shape as [number, number, number];
    const [batch, n, channels] = x.shape as [number, number, number];
    this.checkKernel(kernel, [this.window(n).count], x);
    const y = p.tensor([batch, places, filters]);
    const patches = { a: x, aBatch: this.axes[0]!.stride * channels, aRow: n * channels };
    this.productOfPlaces(p, y, patches, kernel);
    return this.finish(p, y);
  }
}

export class LocallyConnected2D extends LocallyConnected {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }

  override convolve(p: Planner, x: Value): Value {
    const kernel = this.needWeight("kernel");
    const [places, features, filters] = kernel.shape as [number, number, number];
    const channels = x.shape[3]!;
    const own = channelsFirst(this) ? channelsBehind(kernel, channels) : kernel;
    const batch = x.shape[0]!;
    const windows = [0, 1].map((i) => this.window(x.shape[1 + i]!, i));
    const counts = windows.map((window) => window.count);
    this.checkKernel(kernel, counts, x);
    const rows = p.apart ? patches(p, x, windows) : p.tensor([batch, places, features]);
    for (let row = 0; row < batch && !p.apart; row++) {
      const from = advanced(x, row * sizeOf(x.shape.slice(1)), "float32");
      gatherPatches(p, advanced(rows, row * places * features, "float32"), features, from, channels, windows);
    }
    const y = p.tensor([batch, ...counts, filters]);
    const plain = plainWeight(p, this, channelsFirst(this) ? "kernel:behind" : "kernel:plain", own);
    this.productOfPlaces(p, y, { a: rows, aBatch: features, aRow: places * features }, kernel, plain);
    return this.finish(p, y);
  }

  /** Where channels come first, Keras takes the bias [rows, columns, filters] for [filters, rows, columns] as it lies. */
  override finish(p: Planner, y: Value): Value {
    const bias = this.weight("bias");
    if (!bias || !channelsFirst(this)) return super.finish(p, y);
    const [rows, columns] = bias.shape as [number, number, number];
    const asItLies = reshaped(weightValue(p, this, bias), [this.filters, rows, columns]);
    return applyActivation(p, binary(p, "add", y, transpose(p, asItLies, [1, 2, 0])), this.activation);
  }
}

/** A kernel whose features are [channels, cells] with those as [cells, channels]. */
function channelsBehind(kernel: Weight, channels: number): Weight {
  const { name, trainable, shape } = kernel;
  const [places, features, filters] = shape as [number, number, number];
  const cells = features / channels;
  return {
    name,
    trainable,
    shape,
    get data() {
      const data = new Float32Array(kernel.data.length);
      for (let place = 0; place < places; place++) {
        for (let feature = 0; feature < features; feature++) {
          const from = (feature % channels) * cells + Math.floor(feature / channels);
          const at = (place * features + from) * filters;
          data.set(kernel.data.subarray(at, at + filters), (place * features + feature) * filters);
        }
      }
      return data;
    },
  };
}
