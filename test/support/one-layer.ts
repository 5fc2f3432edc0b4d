import { buildRoot } from "../../src/api/build-root.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";
import type { Json, Layer, LayerConfig } from "../../src/layers/layer.ts";
import { KERAS3, type Profile } from "../../src/layers/profile.ts";
import type { CustomObjects } from "../../src/layers/registry.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../src/model/graph-spec.ts";
import { allLayers } from "../../src/model/layer-tree.ts";
import { InferenceModel } from "../../src/model/model.ts";
import { type DType, type OpenShape, sizeOf, type Tensor } from "../../src/tensor.ts";
import { Random } from "./random.ts";

/** An input of a test model. */
export interface TestInput {
  readonly shape: OpenShape;
  readonly dtype?: DType;
}

/** A layer of a chain; the input of the first is the model's first input. */
export interface TestLayer {
  readonly className: string;
  readonly config?: LayerConfig;
  /** Extra inputs of the model (by index) as keyword arguments. */
  readonly kwargs?: Readonly<Record<string, readonly number[]>>;
  /** Outputs of the layer, if more than one. */
  readonly outputs?: number;
}

/** Options of {@link chainOf}. */
export interface TestOptions {
  readonly profile?: Partial<Profile>;
  readonly customObjects?: CustomObjects;
  readonly sizes?: (layer: Layer) => number;
}

/**
 * A model of layers in a chain, with the same random weights each time.
 *
 * @param options.sizes - What the weights' shapes leave open (features), by layer; 3 by default.
 */
export function chainOf(
  inputs: readonly TestInput[],
  layers: readonly TestLayer[],
  options: TestOptions = {},
): InferenceModel {
  const profile = { ...KERAS3, ...options.profile };
  const inputRefs = inputs.map((_, i): TensorRef => ({ layer: `x${i}`, call: 0, tensor: 0 }));
  const calls = layers.map((layer, i): CallSpec => {
    const source: TensorRef = i === 0 ? inputRefs[0]! : { layer: `layer${i - 1}`, call: 0, tensor: 0 };
    const kwargs = Object.entries(layer.kwargs ?? {}).map(([key, indices]): [string, ArgSpec] => {
      const refs = indices.map((index) => ({ ref: inputRefs[index]! }));
      return [key, key === "mask" ? refs[0]! : { list: refs }];
    });
    return { layer: `layer${i}`, args: [{ ref: source }], kwargs: Object.fromEntries(kwargs) };
  });
  const last = layers.length - 1;
  const graph: GraphSpec = {
    name: "chain",
    className: "Functional",
    layers: [
      ...inputs.map((input, i) => ({
        className: "InputLayer",
        name: `x${i}`,
        config: { batchShape: input.shape, dtype: input.dtype ?? "float32" },
        trainable: true,
      })),
      ...layers.map((layer, i) => ({
        className: layer.className,
        name: `layer${i}`,
        config: layer.config ?? {},
        trainable: true,
      })),
    ],
    calls,
    inputs: inputRefs,
    outputs: Array.from({ length: layers[last]!.outputs ?? 1 }, (_, tensor) => ({
      layer: `layer${last}`,
      call: 0,
      tensor,
    })),
  };
  const root = buildRoot(graph, profile, { ...COMPANIONS, ...options.customObjects }, undefined, options.customObjects);
  randomWeights(root, options.sizes ?? (() => 3));
  return new InferenceModel(root, createEngine());
}

function randomWeights(root: Layer, sizes: (layer: Layer) => number): void {
  const random = new Random(1);
  for (const layer of allLayers(root)) {
    const specs = layer.weightSpecs();
    if (specs.length === 0) continue;
    layer.setWeights(
      specs.map((spec) => {
        const shape = spec.shape.map((n) => n ?? sizes(layer));
        return { shape, data: random.floats(sizeOf(shape), 0.7) };
      }),
    );
  }
}

/** A random tensor. */
export function randomTensor(shape: readonly number[], seed: number): Tensor {
  return { shape, data: new Random(seed).floats(sizeOf(shape)) };
}

/** A layer as a wrapper's config holds it. */
export function inner(className: string, config: LayerConfig): Json {
  return { className, name: `inner_${className}`, config, trainable: true };
}
