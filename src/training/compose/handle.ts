import { OptionError } from "../../errors.ts";
import type { BuildContext, Json, LayerConfig, LayerSpec } from "../../layers/layer.ts";
import { KERAS3 } from "../../layers/profile.ts";
import { buildContext, type CustomObjects } from "../../layers/registry.ts";
import { GraphLayer } from "../../model/graph-layer.ts";
import type { OpenShape, TensorLike } from "../../tensor.ts";
import { autoName } from "./names.ts";
import { allowedKeys } from "./option-keys.ts";
import { layerOptions, type Options } from "./spellings.ts";
import {
  type CallOptions,
  callLayer,
  checkShape,
  type LayerHandle,
  type SymbolicOutput,
  type SymbolicTensor,
} from "./symbolic.ts";

/**
 * A layer while a model is put together: call it on tensors, or put it into a Sequential. Called twice, it is shared.
 *
 * @example
 * const y = lstm(32)(x); // the same as lstm(32).apply(x)
 */
export interface BuildLayer extends LayerHandle {
  (inputs: SymbolicTensor | readonly SymbolicTensor[], options?: CallOptions): SymbolicOutput;
  /** The same as calling it. */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[], options?: CallOptions): SymbolicOutput;
  readonly name: string;
}

/** Options that every layer takes. */
export interface CommonOptions {
  readonly name?: string;
  readonly trainable?: boolean;
  /** The shape of an input of the first layer of a Sequential, without the batch. */
  readonly inputShape?: OpenShape;
  /** The same with the batch: stateful layers need to know it. */
  readonly batchShape?: OpenShape;
  /** Keras 1 and 2: the last axis of `inputShape`. For Embedding the number of rows. */
  readonly inputDim?: number;
  /** Keras 1 and 2: the number of timesteps of `inputShape`. */
  readonly inputLength?: number | null;
  /** Values to start from, in Keras' order. */
  readonly weights?: readonly TensorLike[];
  /** Any other option by Keras' name, in camelCase. */
  readonly [key: string]: unknown;
}

/** Options that are no part of the config. */
const OUTSIDE = ["name", "trainable", "inputShape", "batchShape", "weights"];

/** Layers made outside a model; a custom class is given to {@link makeLayer} itself. */
export function contextWith(customObjects: CustomObjects): BuildContext {
  return buildContext(KERAS3, customObjects, (spec, inner) => new GraphLayer(spec, inner));
}

/**
 * Makes a layer of any class by Keras' name.
 *
 * @param options - Keras' arguments in camelCase; spellings of Keras 1 and snake_case are understood and told of.
 * @throws {OptionError} If an option is unknown.
 * @throws {UnsupportedLayerError} If there is no such class, or an option's value is not supported.
 * @example
 * const layer = makeLayer("LSTM", { units: 32, returnSequences: true });
 */
export function makeLayer(
  className: string,
  options: CommonOptions = {},
  customObjects: CustomObjects = {},
): BuildLayer {
  const given = layerOptions(className, options);
  const known = allowedKeys(className);
  const unknown = Object.keys(given).filter((key) => known && !OUTSIDE.includes(key) && !known.includes(key));
  if (unknown.length > 0) {
    throw new OptionError(
      `${className} has no option ${unknown.map((key) => `\`${key}\``).join(", ")}. It has: ${[...OUTSIDE, ...known!].join(", ")}.`,
    );
  }
  const { name, trainable, weights } = given as CommonOptions;
  const config: Record<string, Json> = {};
  for (const [key, value] of Object.entries(given)) {
    const declares = ["inputDim", "inputLength"].includes(key) && className !== "Embedding";
    if (!OUTSIDE.includes(key) && !declares && key !== "inputLength") config[key] = configValue(key, value);
  }
  const spec: LayerSpec = {
    className,
    name: name ?? autoName(className),
    config: config as LayerConfig,
    trainable: trainable ?? true,
  };
  const layer = contextWith(customObjects).create(spec);
  return handleOf({ spec, layer, declared: declaredShape(className, given), weights });
}

/** A handle that can be called like a function. */
export function handleOf(parts: LayerHandle): BuildLayer {
  const call = (inputs: SymbolicTensor | readonly SymbolicTensor[], options?: CallOptions) =>
    callLayer(handle, inputs, options);
  const handle = call as unknown as BuildLayer;
  const values = { ...parts, name: parts.spec.name, apply: call };
  for (const [key, value] of Object.entries(values)) {
    Object.defineProperty(handle, key, { value, enumerable: true });
  }
  return handle;
}

/** True for what layer functions return. */
export function isBuildLayer(value: unknown): value is BuildLayer {
  return typeof value === "function" && "spec" in value && "layer" in value;
}

/** A layer as the config of a wrapper holds it. */
export function innerConfig(value: unknown, prefix = ""): Json {
  if (!isBuildLayer(value)) throw new OptionError("A wrapper takes a layer, such as bidirectional(lstm(32)).");
  const { className, name, config, trainable, graph } = value.spec;
  return {
    className,
    name: `${prefix}${name}`,
    config,
    trainable,
    ...(graph && { graph: graph as unknown as Json }),
  } as Json;
}

function declaredShape(className: string, given: Options): OpenShape | undefined {
  const { inputShape, batchShape, inputDim, inputLength } = given as CommonOptions;
  if (batchShape) return checkShape(batchShape, "`batchShape`");
  if (inputShape) return checkShape([null, ...inputShape], "`inputShape`");
  if (className === "Embedding") return typeof inputLength === "number" ? [null, inputLength] : undefined;
  if (typeof inputDim !== "number") return undefined;
  const isSequence = /RNN|LSTM|GRU|Conv1D|Masking|Bidirectional|TimeDistributed/.test(className);
  return isSequence || inputLength !== undefined ? [null, inputLength ?? null, inputDim] : [null, inputDim];
}

/** Names of activations and initializers as Keras' files have them; layers inside options as their configs. */
function configValue(key: string, value: unknown): Json {
  if (isBuildLayer(value)) return innerConfig(value);
  if (Array.isArray(value) && value.some(isBuildLayer)) return value.map((item) => innerConfig(item));
  if (typeof value === "string" && /activation$|Initializer$/i.test(key)) {
    return value.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  }
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
    throw new OptionError(`The layer option \`${key}\` must be a value that a config can hold; got a ${typeof value}.`);
  }
  return value as Json;
}
