import { OptionError, ShapeError } from "../../errors.ts";
import { Bidirectional } from "../../layers/bidirectional.ts";
import type { Json, Layer, WeightSpec } from "../../layers/layer.ts";
import { RNN } from "../../layers/rnn.ts";
import type { SequenceCell } from "../../layers/sequence-run.ts";
import { StackedRNNCells } from "../../layers/stacked-rnn-cells.ts";
import { TimeDistributed } from "../../layers/time-distributed.ts";
import { GraphLayer } from "../../model/graph-layer.ts";
import { formatShape, type Shape, sizeOf, type TensorLike, toTensor } from "../../tensor.ts";
import { type InitializerConfig, initialize } from "../initializers.ts";
import type { Random } from "../random.ts";

/** Layers whose weights have shapes but are all zero: their model has not drawn them yet. */
const blank = new WeakSet<Layer>();

/** A layer with the shapes of its inputs, and the same for each layer inside it. */
function visit(layer: Layer, shapes: readonly Shape[], other: readonly Shape[], seen: Visitor): void {
  if (layer instanceof GraphLayer) return;
  seen(layer, shapes, other);
  const inner = (child: Layer, change: (shape: Shape) => Shape) =>
    visit(child, shapes.slice(0, 1).map(change), other.slice(0, 1).map(change), seen);
  if (layer instanceof Bidirectional) {
    for (const child of layer.children) inner(child.layer, (shape) => shape);
  } else if (layer instanceof TimeDistributed) {
    inner(layer.layer, (shape) => [shape[0]! * (shape[1] ?? 1), ...shape.slice(2)]);
  } else if (layer instanceof RNN) {
    inner(layer.cell, (shape) => [shape[0]!, ...shape.slice(2)]);
  } else if (layer instanceof StackedRNNCells) {
    let [steps, otherSteps] = [shapes[0]!, other[0]!];
    for (const cell of layer.cells) {
      visit(cell, [steps], [otherSteps], seen);
      [steps, otherSteps] = [stepOutput(cell, steps), stepOutput(cell, otherSteps)];
    }
  } else {
    for (const child of layer.children) visit(child.layer, shapes, other, seen);
  }
}

type Visitor = (layer: Layer, shapes: readonly Shape[], other: readonly Shape[]) => void;

function stepOutput(cell: SequenceCell, [batch, ...step]: Shape): Shape {
  return [batch!, ...cell.shapes(step).output];
}

/**
 * Gives a layer, and those inside it, weights of the right shapes that are all zero, unless it has weights.
 *
 * @param other - The inputs' shapes with other sizes on the open axes: no weight may depend on those.
 * @throws {ShapeError} If a weight's size follows an axis of any size.
 */
export function placeholders(layer: Layer, inputs: readonly Shape[], other: readonly Shape[]): void {
  visit(layer, inputs, other, (each, shapes, otherShapes) => {
    if (each.hasWeights) return;
    const specs = each.weightSpecs(shapes);
    const again = each.weightSpecs(otherShapes);
    const arrays = specs.map((spec, i) => {
      const shape = spec.shape.map((n, axis) => {
        if (n !== null && n === again[i]!.shape[axis]) return n;
        throw new ShapeError(
          `${each}: the weight ${spec.name} needs a fixed size of its input on every axis that it follows; the input is ${formatShape(shapes[0] ?? [])} with open axes. Give the model's input a full shape.`,
        );
      });
      return { shape, data: new Float32Array(sizeOf(shape)) };
    });
    each.setWeights(arrays);
    blank.add(each);
  });
}

/**
 * Draws the weights of a layer and of those inside it, in Keras' order, each array once; weights that exist stay.
 *
 * @param given - Values to take in place of drawn ones, in Keras' order.
 * @throws {OptionError} If an initializer is unknown or does not fit.
 */
export function drawWeights(layer: Layer, random: Random, given?: readonly TensorLike[]): void {
  if (given && blank.has(layer)) {
    layer.setWeights(
      given.map((value) => {
        const { data, shape } = toTensor(value, "weights");
        if (Array.isArray(data)) throw new OptionError(`${layer}: \`weights\` must be numbers.`);
        return { data: Float32Array.from(data), shape };
      }),
    );
    blank.delete(layer);
  }
  if (blank.delete(layer)) {
    const specs = layer.weightSpecs();
    layer.setWeights(
      layer.weights.map(({ shape }, i) => ({ shape, data: drawWeight(layer, specs[i]!, shape, random) })),
    );
  }
  for (const child of layer.children) drawWeights(child.layer, random);
}

/** What Keras starts a weight with where the config says nothing. */
const DEFAULTS: Readonly<Record<string, string>> = {
  recurrentKernel: "orthogonal",
  embeddings: "random_uniform",
  gamma: "ones",
  movingVariance: "ones",
  variance: "ones",
  scale: "ones",
  concatScoreWeight: "ones",
};
const GLOROT = /kernel$/i;

/** Config keys that are not the weight's name with "Initializer" behind it. */
const KEYS: Readonly<Record<string, string>> = {
  recurrentKernel: "recurrentInitializer",
  depthwiseKernel: "depthwiseInitializer",
  pointwiseKernel: "pointwiseInitializer",
};

function drawWeight(layer: Layer, { name }: WeightSpec, shape: Shape, random: Random): Float32Array {
  const { config, className } = layer;
  const biases = /Bias$/.test(name) ? "biasInitializer" : undefined;
  const kernels = /Kernel$/.test(name) ? "kernelInitializer" : undefined;
  const given =
    config[KEYS[name] ?? `${name}Initializer`] ?? (biases && config[biases]) ?? (kernels && config[kernels]);
  const fallback =
    className === "AdditiveAttention" && name === "scale"
      ? "glorot_uniform"
      : (DEFAULTS[name] ?? (GLOROT.test(name) ? "glorot_uniform" : "zeros"));
  const initializer = asInitializer(given) ?? fallback;
  const forgets = /LSTM/.test(className) && name === "bias" && (config["unitForgetBias"] ?? true) === true;
  if (!forgets) return initialize(initializer, shape, random);
  // Gates i, f, c, o: the bias of f is one, so that a fresh cell remembers.
  const units = sizeOf(shape) / 4;
  const data = new Float32Array(4 * units);
  data.set(initialize(initializer, [units], random));
  data.fill(1, units, 2 * units);
  data.set(initialize(initializer, [2 * units], random), 2 * units);
  return data;
}

function asInitializer(value: Json | undefined): InitializerConfig | undefined {
  return value === undefined || value === null ? undefined : (value as InitializerConfig);
}
