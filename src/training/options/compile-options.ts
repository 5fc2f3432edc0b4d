import { OptionError } from "../../errors.ts";
import { byRules, type LossRules } from "../losses/loss-rules.ts";
import { type LossSpec, readLoss } from "../losses/losses.ts";
import { checkCompile } from "./check-compile.ts";

/** What `model.compile` takes: Keras' names, or what Keras serialises. */
export interface CompileOptions {
  /** "adam", "sgd" …, or `{ className, config }`. Default "rmsprop", as in Keras. */
  readonly optimizer?: unknown;
  /** A loss, a list with one per output, or an object by output name. */
  readonly loss?: unknown;
  /** Metrics; for several outputs a list of lists or an object by output name. */
  readonly metrics?: unknown;
  /** Metrics that count sample weights. */
  readonly weightedMetrics?: unknown;
  /** One factor per output. */
  readonly lossWeights?: unknown;
  /**
   * Whose rules of training hold: "keras3", "tf-keras" (2.10), "keras2" (2.3.1) or "keras1" (1.2.2). They differ in the
   * optimizers, in what 'accuracy' is, and in masks and weights of a mean. By default those of the Keras that made the model.
   */
  readonly era?: "keras1" | "keras2" | "tf-keras" | "keras3";
  /** Forces a build of the kernels. */
  readonly build?: "simd" | "relaxed";
  /** Seed of shuffling, dropout and noise; 0 by default. */
  readonly seed?: number;
  /** Keras' own keys are taken as well. */
  readonly [key: string]: unknown;
}

/** One output's loss and metrics. */
export interface OutputSettings {
  readonly name: string;
  readonly loss: LossSpec | undefined;
  readonly weight: number;
  readonly metrics: readonly unknown[];
  readonly weightedMetrics: readonly unknown[];
}

/** A value per output from a single one, a list, or an object by output name. */
function perOutput(value: unknown, names: readonly string[], what: string): readonly unknown[] {
  if (value === undefined || value === null) return names.map(() => undefined);
  if (Array.isArray(value)) {
    if (value.length === names.length) return value;
    throw new OptionError(
      `\`${what}\` has ${value.length} entries; the model has ${names.length} outputs (${names.join(", ")}).`,
    );
  }
  const isRecord = typeof value === "object" && !("class_name" in value) && !("className" in value);
  if (isRecord) {
    const record = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(record).find((key) => !names.includes(key));
    if (unknown) {
      throw new OptionError(`\`${what}\` names the output "${unknown}"; the model's are ${names.join(", ")}.`);
    }
    return names.map((name) => record[name]);
  }
  return names.map(() => value);
}

/** Metrics per output: a flat list belongs to the only output, or to every one. */
function metricLists(value: unknown, names: readonly string[], what: string): readonly (readonly unknown[])[] {
  if (value === undefined || value === null) return names.map(() => []);
  const list = Array.isArray(value) ? value : undefined;
  if (
    list &&
    (names.length === 1 ? !list.some(Array.isArray) : !list.some(Array.isArray) && list.length !== names.length)
  ) {
    return names.map(() => list.filter((item) => item !== null));
  }
  if (list?.length === 0) return names.map(() => []);
  return perOutput(value, names, what).map((entry) => {
    if (entry === undefined || entry === null) return [];
    return (Array.isArray(entry) ? entry : [entry]).filter((item) => item !== null);
  });
}

/**
 * Sorts what `compile` got by output.
 *
 * @param rules - Those of the Keras by which training goes.
 * @throws {OptionError} If something is unknown or does not fit the outputs.
 */
export function outputSettings(
  options: CompileOptions,
  names: readonly string[],
  rules: LossRules,
): readonly OutputSettings[] {
  checkCompile(options);
  const losses = perOutput(options.loss, names, "loss");
  const weights = perOutput(options.lossWeights, names, "lossWeights");
  const metrics = metricLists(options.metrics, names, "metrics");
  const weighted = metricLists(options.weightedMetrics, names, "weightedMetrics");
  const settings = names.map((name, i) => ({
    name,
    loss: losses[i] === undefined || losses[i] === null ? undefined : byRules(readLoss(losses[i]), rules),
    weight: weights[i] === undefined || weights[i] === null ? 1 : Number(weights[i]),
    metrics: metrics[i]!,
    weightedMetrics: weighted[i]!,
  }));
  if (settings.every(({ loss }) => !loss)) throw new OptionError("compile: `loss` is missing.");
  return settings;
}
