import type { Engine } from "../engine/engine.ts";
import type { Profile } from "../layers/profile.ts";
import type { InferenceModel } from "../model/model.ts";
import { sizeOf, type Tensor } from "../tensor.ts";
import { floats, spreadWeights } from "./data/batch-targets.ts";
import { isSparse } from "./losses/losses.ts";
import { BatchMean } from "./metrics/batch-mean.ts";
import type { Metric, MetricBatch } from "./metrics/metric.ts";
import { makeMetric } from "./metrics/metrics.ts";
import type { Numbers } from "./optimizers/schedules.ts";
import type { OutputSettings } from "./options/compile-options.ts";
import type { BatchTensors, StepPlan } from "./step-plan.ts";

/**
 * Losses and metrics by Keras' names. Where Keras gives an array (precision at several thresholds, scores by class) it is a
 * list of numbers.
 */
export type Logs = Record<string, number>;

/** What a step takes beside inputs and targets. */
export interface BatchOptions {
  /** One weight per sample, or per timestep; a list with one per output. */
  readonly sampleWeight?: unknown;
  /** Weights by class number. */
  readonly classWeight?: Readonly<Record<string | number, number>>;
}

/** Metrics and running losses of an epoch or an evaluation. */
export interface Gathering {
  readonly metrics: readonly {
    readonly output: number;
    readonly metric: Metric;
    readonly key: string;
    readonly weighted: boolean;
    /** When masked rows do not count: always, if there are sample weights, or never. */
    readonly masked: "always" | "weighted" | "never";
  }[];
  samples: number;
  loss: number;
  readonly losses: number[];
}

/** Fresh metrics and sums, by the accuracy rules and names of an era. */
export function newGathering(
  model: InferenceModel,
  { era, version, padding }: Profile,
  settings: readonly OutputSettings[],
  math: Numbers,
): Gathering {
  const several = settings.length > 1;
  const oldAccuracy = era === "keras1" || era === "keras2";
  const isLate = /^2\.[3-9]/.test(version);
  const masksOf = ({ isMean }: Metric): "always" | "weighted" | "never" => {
    if (era !== "keras3") return "always";
    if (!isMean) return "never";
    return /^3\.([0-9]|1[01])\./.test(version) ? "weighted" : "always";
  };
  const metrics = settings.flatMap((setting, output) => {
    const outputShape = model.outputs?.[output]?.shape;
    const width = outputShape?.at(-1) ?? 1;
    const sparse = setting.loss ? isSparse(setting.loss.kind) : false;
    const context = {
      math,
      width,
      trueWidth: sparse ? 1 : width,
      sparse,
      byLoss: oldAccuracy && setting.loss ? setting.loss.kind : undefined,
      widthTells: !(era === "keras2" && isLate && padding === "theano"),
      oldNames: oldAccuracy && !isLate,
    };
    const named = (value: unknown, weighted: boolean) => {
      const make = () => makeMetric(value, context);
      const metric = oldAccuracy && !isLate ? new BatchMean(make, era === "keras2") : make();
      return {
        output,
        metric,
        weighted,
        masked: masksOf(metric),
        key: several ? `${setting.name}_${metric.name}` : metric.name,
      };
    };
    return [
      ...setting.metrics.map((value) => named(value, false)),
      ...setting.weightedMetrics.map((value) => named(value, true)),
    ];
  });
  return { metrics, samples: 0, loss: 0, losses: settings.map(() => 0) };
}

/** A gathering's means, by Keras' names. */
export function logsOf(gathering: Gathering, settings: readonly OutputSettings[]): Logs {
  const { samples, losses, metrics } = gathering;
  const mean = (sum: number) => (samples === 0 ? 0 : sum / samples);
  const logs: Logs = { loss: mean(gathering.loss) };
  if (settings.length > 1) {
    settings.forEach(({ name, loss }, i) => {
      if (loss) logs[`${name}_loss`] = mean(losses[i]!);
    });
  }
  // Lists are rare: the type says what nearly all of them are.
  for (const { key, metric } of metrics) logs[key] = metric.result() as number;
  return logs;
}

/** What a batch has brought: read from the memory right after its plan ran. */
export interface BatchResult {
  readonly plan: StepPlan;
  /** Address of the losses, one per output, then the regularisation's. */
  readonly report: number;
  readonly targets: readonly (Tensor | undefined)[];
  /** Sample weights, spread to one per row. */
  readonly weights: readonly (Float32Array | undefined)[];
  readonly batch: number;
}

/** A part of a batch with its predictions. */
export interface SeenPart extends BatchTensors {
  readonly outputs: readonly Tensor[];
}

/** Adds a batch's losses, one per output and then the regularisation's. */
function addLosses(
  gathering: Gathering,
  settings: readonly OutputSettings[],
  losses: ArrayLike<number>,
  batch: number,
): void {
  let total = losses[settings.length]!;
  settings.forEach(({ loss, weight }, i) => {
    if (!loss) return;
    const value = losses[i]!;
    total += weight * value;
    gathering.losses[i]! += value * batch;
  });
  gathering.loss += total * batch;
  gathering.samples += batch;
}

/** Adds to the metrics what an output's rows show; `show` is asked once for each output with and without weights. */
function updateMetrics(
  { metrics }: Gathering,
  weights: readonly unknown[],
  show: (output: number, weighted: boolean, masked: boolean) => MetricBatch,
): void {
  const batches = new Map<string, MetricBatch>();
  for (const { output, metric, weighted, masked } of metrics) {
    const isMasked = masked === "always" || (masked === "weighted" && weighted && weights[output] !== undefined);
    const key = `${output} ${weighted} ${isMasked}`;
    const seen = batches.get(key) ?? show(output, weighted, isMasked);
    batches.set(key, seen);
    metric.update(seen);
  }
}

/** Adds a batch's losses and metrics. */
export function gather(
  gathering: Gathering,
  engine: Engine,
  settings: readonly OutputSettings[],
  result: BatchResult,
): void {
  const { plan, targets, weights, batch } = result;
  const at = result.report >> 2;
  addLosses(gathering, settings, engine.memory.f32.slice(at, at + settings.length + 1), batch);
  updateMetrics(gathering, weights, (output, weighted, masked) =>
    metricBatch(engine, plan, output, targets[output], weighted ? weights[output] : undefined, masked),
  );
}

/** Adds a batch's losses and the metrics of its parts, the first one first. */
export function gatherParts(
  gathering: Gathering,
  { settings }: { readonly settings: readonly OutputSettings[] },
  losses: ArrayLike<number>,
  parts: readonly SeenPart[],
): void {
  const rowsOf = ({ inputs }: BatchTensors) => inputs[0]?.shape[0] ?? 0;
  addLosses(
    gathering,
    settings,
    losses,
    parts.reduce((sum, part) => sum + rowsOf(part), 0),
  );
  for (const part of parts) {
    updateMetrics(gathering, part.weights, (output, weighted) => partBatch(part, output, weighted));
  }
}

function partBatch({ outputs, targets, weights }: SeenPart, i: number, weighted: boolean): MetricBatch {
  const { data, shape } = outputs[i]!;
  const width = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / width;
  const target = targets[i] ? floats(targets[i], "y") : new Float32Array(0);
  const given = weighted ? weights[i] : undefined;
  return {
    predicted: data as Float32Array,
    target,
    rows,
    width,
    trueWidth: Math.round(target.length / Math.max(rows, 1)),
    weights: given && spreadWeights(given, shape.slice(0, -1), "sampleWeight"),
  };
}

function metricBatch(
  engine: Engine,
  { bound, outputs }: StepPlan,
  i: number,
  target: Tensor | undefined,
  weights: Float32Array | undefined,
  masked: boolean,
): MetricBatch {
  const output = outputs[i]!;
  const width = output.shape.at(-1) ?? 1;
  const rows = sizeOf(output.shape) / width;
  const { memory } = engine;
  const values = target ? floats(target, "y") : new Float32Array(0);
  let all = weights;
  if (output.mask && masked) {
    const first = bound.address(output.mask);
    const kept = memory.u8.subarray(first, first + rows);
    all = Float32Array.from(kept, (on, row) => (on ? (weights?.[row] ?? 1) : 0));
  }
  const from = bound.address(output) >> 2;
  return {
    predicted: memory.f32.slice(from, from + rows * width),
    target: values,
    rows,
    width,
    trueWidth: Math.round(values.length / Math.max(rows, 1)),
    weights: all,
  };
}
