import { ACTIVATION_CODES } from "../engine/activation-codes.ts";
import { FormatError, UnsupportedLayerError } from "../errors.ts";
import type { Json, LayerConfig, LayerSpec } from "./layer.ts";
import type { Profile } from "./profile.ts";

type Owner = Pick<LayerSpec, "className" | "name">;

function refuse(owner: Owner, key: string, wanted: string, got: unknown): never {
  throw new FormatError(
    `${owner.className} layer "${owner.name}": the config's \`${key}\` must be ${wanted}; got ${JSON.stringify(got) ?? "nothing"}.`,
  );
}

/** A whole number ≥ 0 of a layer's config. */
export function integer(owner: Owner, config: LayerConfig, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  return refuse(owner, key, "a whole number ≥ 0", value);
}

/** A whole number ≥ 1: sizes of layers. */
export function positive(owner: Owner, config: LayerConfig, key: string, fallback?: number): number {
  const value = integer(owner, config, key, fallback);
  return value >= 1 ? value : refuse(owner, key, "a whole number ≥ 1", value);
}

/** A finite number of a layer's config. */
export function real(owner: Owner, config: LayerConfig, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  return typeof value === "number" && Number.isFinite(value) ? value : refuse(owner, key, "a number", value);
}

/** A flag of a layer's config. Old files write 0 and 1. */
export function flag(owner: Owner, config: LayerConfig, key: string, fallback: boolean): boolean {
  const value = config[key] ?? fallback;
  if (typeof value === "boolean") return value;
  return value === 0 || value === 1 ? value === 1 : refuse(owner, key, "true or false", value);
}

/** A string of a layer's config, optionally one of a list. */
export function text<T extends string>(
  owner: Owner,
  config: LayerConfig,
  key: string,
  fallback?: T,
  allowed?: readonly T[],
): T {
  const value = config[key] ?? fallback;
  if (typeof value !== "string" || (allowed && !allowed.includes(value as T))) {
    return refuse(owner, key, allowed ? `one of ${allowed.join(", ")}` : "a string", value);
  }
  return value as T;
}

/** A list of whole numbers; a single one is a list of one. Negative ones are allowed (axes). */
export function integers(owner: Owner, config: LayerConfig, key: string, fallback?: readonly number[]): number[] {
  const value = config[key] ?? fallback;
  const list = typeof value === "number" ? [value] : value;
  if (Array.isArray(list) && list.every((n) => typeof n === "number" && Number.isInteger(n))) return list as number[];
  return refuse(owner, key, "whole numbers", value);
}

/** An elementwise activation as the kernels take it. */
export interface Activation {
  readonly name: string;
  readonly code: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/** Activations that look at more than one element: they are layers of their own after the kernel. */
export const VECTOR_ACTIVATIONS = ["softmax", "log_softmax", "glu", "sparsemax"] as const;
export type VectorActivation = (typeof VECTOR_ACTIVATIONS)[number];

const LINEAR: Activation = { name: "linear", code: ACTIVATION_CODES.linear, alpha: 0, beta: 0, gamma: 0 };

const of = (kernel: keyof typeof ACTIVATION_CODES, alpha = 0, beta = 0, gamma = 0) => ({
  code: ACTIVATION_CODES[kernel],
  alpha,
  beta,
  gamma,
});

/** Keras' names of elementwise activations, with their default parameters. */
const ELEMENTWISE: Readonly<Record<string, Omit<Activation, "name">>> = {
  linear: of("linear"),
  tanh: of("tanh"),
  sigmoid: of("sigmoid"),
  relu: of("relu", 0, Number.POSITIVE_INFINITY, 0),
  relu6: of("relu6"),
  elu: of("elu", 1),
  selu: of("selu"),
  softplus: of("softplus"),
  softsign: of("softsign"),
  exponential: of("exponential"),
  swish: of("silu"),
  silu: of("silu"),
  gelu: of("gelu"),
  mish: of("mish"),
  hard_silu: of("hardSilu"),
  hard_swish: of("hardSilu"),
  celu: of("celu", 1),
  tanh_shrink: of("tanhShrink"),
  hard_tanh: of("hardTanh"),
  hard_shrink: of("hardShrink", 0.5),
  soft_shrink: of("softShrink", 0.5),
  log_sigmoid: of("logSigmoid"),
  squareplus: of("squareplus", 4),
  sparse_plus: of("sparsePlus"),
  sparse_sigmoid: of("sparseSigmoid"),
  hard_sigmoid_02: of("hardSigmoid02"),
};

/** The elementwise activation of a name, or undefined if it is not one. */
export function elementwise(name: string, profile: Profile): Activation | undefined {
  if (name === "hard_sigmoid") return { name, ...of(profile.hardSigmoid) };
  if (name === "leaky_relu") return { name, ...of("leakyRelu02") };
  const found = Object.hasOwn(ELEMENTWISE, name) ? ELEMENTWISE[name] : undefined;
  return found && { name, ...found };
}

/** A layer's config in the place of an activation's name: `{ className: "LeakyReLU", config: { … } }`. */
function activationObject(owner: Owner, value: Json): Activation | undefined {
  if (typeof value !== "object" || value === null || !("className" in value)) return undefined;
  const { className: name } = value;
  const config = ("config" in value && typeof value["config"] === "object" ? value["config"] : {}) as LayerConfig;
  if (name === "ELU") return { name, ...of("elu", real(owner, config, "alpha", 1)) };
  if (name !== "ReLU" && name !== "LeakyReLU") return undefined;
  const slope = real(owner, config, "negativeSlope", real(owner, config, "alpha", name === "ReLU" ? 0 : 0.3));
  const top = config["maxValue"] == null ? Number.POSITIVE_INFINITY : real(owner, config, "maxValue");
  return { name, ...of("relu", slope, top, real(owner, config, "threshold", 0)) };
}

/** True if a kernel knows the activation by its code alone, with Keras' default parameters. */
export function hasDefaultParameters({ name }: Activation): boolean {
  return Object.hasOwn(ELEMENTWISE, name) || name === "hard_sigmoid" || name === "leaky_relu";
}

/**
 * The elementwise activation that a config names; absent or null means linear unless a fallback is given.
 *
 * @throws {UnsupportedLayerError} If the name is unknown here or not elementwise.
 */
export function activation(
  owner: Owner,
  config: LayerConfig,
  key: string,
  profile: Profile,
  fallback?: string,
): Activation {
  const name = config[key] === undefined ? (fallback ?? null) : config[key];
  if (name === null) return LINEAR;
  const found = typeof name === "string" ? elementwise(name, profile) : activationObject(owner, name);
  if (found) return found;
  throw new UnsupportedLayerError(
    `${owner.className} layer "${owner.name}": the ${key} ${JSON.stringify(name)} is not supported here. Supported: ${[...Object.keys(ELEMENTWISE), "hard_sigmoid", "leaky_relu"].sort().join(", ")}.`,
  );
}
