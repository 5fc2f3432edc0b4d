import { UnsupportedLayerError, WeightsError } from "../../errors.ts";
import type { Layer, WeightSpec } from "../../layers/layer.ts";
import { Bidirectional } from "../../layers/recurrent/bidirectional.ts";
import { Recurrent } from "../../layers/recurrent/recurrent.ts";
import { StackedRNNCells } from "../../layers/recurrent/stacked-rnn-cells.ts";
import { TimeDistributed } from "../../layers/recurrent/time-distributed.ts";
import type { GraphLayer } from "../../model/graph-layer.ts";
import { GraphLayer as Graph } from "../../model/graph-layer.ts";
import { allLayers } from "../../model/layer-tree.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import { Planner } from "../../plan/planner.ts";
import { StateBlock } from "../../plan/state.ts";
import { dryStore } from "../../plan/store.ts";
import { type Shape, sizeOf, type TensorLike, toTensor } from "../../tensor.ts";
import { weightOption } from "../weight-option.ts";
import { initialValues } from "./initializers.ts";

/** Steps that stand for an open axis while shapes are learned. */
const OPEN = 24;

/** How a new model gets its weights. */
export interface FirstWeights {
  readonly seed: number;
  /** Values in place of drawn ones, by the layer's name. */
  readonly given?: ReadonlyMap<string, readonly TensorLike[]>;
}

/**
 * Gives every layer of a new model its first weights: call by call, since a layer's sizes follow from its input.
 *
 * @throws {WeightsError} If given values do not fit their layer.
 * @throws {UnsupportedLayerError} If a layer's sizes do not follow from its input and its options.
 */
export function giveFirstWeights(root: GraphLayer, { seed, given }: FirstWeights): void {
  const builder = new WeightBuilder(seed);
  const p = new Planner(dryStore, new StateBlock());
  const inputs = root.graph.inputs.map((ref) => {
    const { batchShape, dtype } = root.layer(ref.layer)!.config;
    const shape = (Array.isArray(batchShape) ? batchShape : [null]).map((n, axis) =>
      typeof n === "number" ? n : axis === 0 ? 2 : OPEN,
    );
    return p.tensor(shape, dtype === "int32" ? "int32" : "float32");
  });
  builder.graph(root, p, inputs);
  for (const [name, values] of given ?? []) replaceWeights(root.layer(name)!, values);
}

function replaceWeights(layer: Layer, values: readonly TensorLike[]): void {
  const owners = allLayers(layer).filter((inner) => inner.weights.length > 0);
  const count = owners.reduce((n, owner) => n + owner.weights.length, 0);
  if (!Array.isArray(values) || values.length !== count) {
    throw new WeightsError(`${layer}: \`weights\` must be a list of ${count} arrays; got ${values.length}.`);
  }
  let next = 0;
  for (const owner of owners) {
    owner.setWeights(
      owner.weights.map(() => {
        const { shape, data } = toTensor(values[next++]!, `${layer}: weights[${next - 1}]`);
        return { shape, data: Float32Array.from(data as ArrayLike<number>) };
      }),
    );
  }
}

class WeightBuilder {
  readonly #seed: number;
  #weights = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  graph(layer: GraphLayer, p: Planner, inputs: readonly Value[]): void {
    layer.beforeCall = (inner, given) => this.layer(inner, p, given);
    layer.plan(p, inputs, {});
    layer.beforeCall = undefined;
  }

  layer(layer: Layer, p: Planner, inputs: readonly Value[]): void {
    const x = inputs[0];
    if (layer instanceof Graph) {
      this.graph(layer, p, inputs);
    } else if (layer instanceof Bidirectional) {
      this.layer(layer.forwardLayer, p, inputs);
      this.layer(layer.backwardLayer, p, inputs);
    } else if (layer instanceof TimeDistributed && x) {
      const [batch, timesteps, ...rest] = x.shape as [number, number, ...number[]];
      this.layer(layer.layer, p, [reshaped(x, [batch * timesteps, ...rest])]);
    } else if (layer instanceof Recurrent && layer.children.length > 0 && x) {
      let step: Shape = [x.shape[0]!, ...x.shape.slice(2)];
      const cell = layer.children[0]!.layer;
      const cells = cell instanceof StackedRNNCells ? cell.cells : [cell];
      for (const inner of cells) {
        this.#own(inner, [step]);
        step = [step[0]!, ...(inner as StackedRNNCells).shapes(step.slice(1)).output];
      }
    } else {
      const shapes = inputs.map(({ shape }) => shape);
      this.#own(layer, shapes);
    }
  }

  #own(layer: Layer, shapes: readonly Shape[]): void {
    if (layer.hasWeights) return;
    layer.setWeights(
      layer.weightSpecs(shapes).map((spec) => {
        const shape = spec.shape.map((n) => n ?? unknownSize(layer, spec));
        return { shape, data: this.#values(layer, spec, shape) };
      }),
    );
  }

  #values(layer: Layer, { name }: WeightSpec, shape: readonly number[]): Float32Array {
    const own = layer.config[weightOption(layer, name, "Initializer")];
    const data = initialValues(own ?? defaultOf(layer, name), shape, this.#seed, ++this.#weights);
    const forgets = /^(CuDNN)?LSTM(Cell)?$/.test(layer.className) && layer.config["unitForgetBias"] !== false;
    if (name === "bias" && forgets) data.fill(1, sizeOf(shape) / 4, sizeOf(shape) / 2);
    return data;
  }
}

function unknownSize(layer: Layer, { name }: WeightSpec): never {
  throw new UnsupportedLayerError(
    `${layer} cannot be made anew here: the size of its ${name} does not follow from its input and its options. Build it in Keras and load it.`,
  );
}

/** Keras' default initializer of a weight. */
function defaultOf(layer: Layer, name: string): string {
  if (name === "recurrentKernel") return "orthogonal";
  if (name === "embeddings") return "random_uniform";
  if (/bias$/i.test(name) || ["beta", "movingMean", "alpha"].includes(name)) return "zeros";
  if (["gamma", "movingVariance", "concatScoreWeight"].includes(name)) return "ones";
  if (name === "scale" && layer.className === "Attention") return "ones";
  return "glorot_uniform";
}
