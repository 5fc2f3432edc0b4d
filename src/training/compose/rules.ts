import type { InitializerConfig } from "../initializers.ts";
import type { RuleConfig } from "./layers.ts";

type Value = string | number | boolean | null;

const named = (className: string, config: Readonly<Record<string, Value>>) => ({ className, config });

/** Regularizers, for `kernelRegularizer` and its like. */
export const regularizers = {
  l1: (l1 = 0.01): RuleConfig => named("L1", { l1 }),
  l2: (l2 = 0.01): RuleConfig => named("L2", { l2 }),
  l1L2: (factors: { readonly l1?: number; readonly l2?: number } = {}): RuleConfig =>
    named("L1L2", { l1: factors.l1 ?? 0, l2: factors.l2 ?? 0 }),
};

/** Constraints, for `kernelConstraint` and its like. */
export const constraints = {
  maxNorm: (maxValue = 2, axis = 0): RuleConfig => named("MaxNorm", { maxValue, axis }),
  minMaxNorm: (
    options: {
      readonly minValue?: number;
      readonly maxValue?: number;
      readonly rate?: number;
      readonly axis?: number;
    } = {},
  ): RuleConfig => named("MinMaxNorm", { minValue: 0, maxValue: 1, rate: 1, axis: 0, ...options }),
  unitNorm: (axis = 0): RuleConfig => named("UnitNorm", { axis }),
  nonNeg: (): RuleConfig => named("NonNeg", {}),
};

type Seeded = { readonly seed?: number };

/** Initializers with parameters, for `kernelInitializer` and its like; plain ones are just named. */
export const initializers = {
  zeros: (): InitializerConfig => "zeros",
  ones: (): InitializerConfig => "ones",
  constant: (value: number): InitializerConfig => named("Constant", { value }),
  randomUniform: (options: Seeded & { readonly minval?: number; readonly maxval?: number } = {}): InitializerConfig =>
    named("RandomUniform", { ...options }),
  randomNormal: (options: Seeded & { readonly mean?: number; readonly stddev?: number } = {}): InitializerConfig =>
    named("RandomNormal", { ...options }),
  truncatedNormal: (options: Seeded & { readonly mean?: number; readonly stddev?: number } = {}): InitializerConfig =>
    named("TruncatedNormal", { ...options }),
  varianceScaling: (
    options: Seeded & { readonly scale?: number; readonly mode?: string; readonly distribution?: string } = {},
  ): InitializerConfig => named("VarianceScaling", { ...options }),
  glorotUniform: (options: Seeded = {}): InitializerConfig => named("GlorotUniform", { ...options }),
  glorotNormal: (options: Seeded = {}): InitializerConfig => named("GlorotNormal", { ...options }),
  heUniform: (options: Seeded = {}): InitializerConfig => named("HeUniform", { ...options }),
  heNormal: (options: Seeded = {}): InitializerConfig => named("HeNormal", { ...options }),
  lecunUniform: (options: Seeded = {}): InitializerConfig => named("LecunUniform", { ...options }),
  lecunNormal: (options: Seeded = {}): InitializerConfig => named("LecunNormal", { ...options }),
  orthogonal: (options: Seeded & { readonly gain?: number } = {}): InitializerConfig =>
    named("Orthogonal", { ...options }),
  identity: (gain = 1): InitializerConfig => named("Identity", { gain }),
};
