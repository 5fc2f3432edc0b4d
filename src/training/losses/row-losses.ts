import type { MetricBatch } from "../metrics/metric.ts";
import type { Numbers } from "../optimizers/schedules.ts";
import { numberOf } from "../options/serialized.ts";
import type { LossKind } from "./losses.ts";

const EPSILON = 1e-7;
/** 1 − ε as float32 has it. */
const TOP = Math.fround(1 - EPSILON);

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** The value of a loss on one row, for metrics; the kernels compute the losses that train. */
export function rowLoss(
  kind: LossKind,
  config: Readonly<Record<string, unknown>>,
  math: Numbers,
): (batch: MetricBatch, row: number) => number {
  const smoothing = numberOf(config, "labelSmoothing", 0);
  const fromLogits = config["fromLogits"] === true;
  const softplus = (x: number) => Math.max(x, 0) + math.log64(1 + math.exp64(-Math.abs(x)));
  const mean =
    (element: (p: number, t: number) => number) =>
    ({ predicted, target, width, trueWidth }: MetricBatch, row: number) => {
      let sum = 0;
      // A single target stands for all of a row's, as Keras broadcasts it.
      const only = trueWidth === 1 && width > 1;
      for (let i = row * width; i < (row + 1) * width; i++) sum += element(predicted[i]!, target[only ? row : i]!);
      return sum / width;
    };
  switch (kind) {
    case "meanSquaredError":
      return mean((p, t) => (p - t) ** 2);
    case "meanAbsoluteError":
      return mean((p, t) => Math.abs(p - t));
    case "meanAbsolutePercentageError":
      return mean((p, t) => (100 * Math.abs(p - t)) / Math.max(Math.abs(t), EPSILON));
    case "meanSquaredLogarithmicError":
      return mean((p, t) => (math.log64(Math.max(p, EPSILON) + 1) - math.log64(Math.max(t, EPSILON) + 1)) ** 2);
    case "huber": {
      const delta = numberOf(config, "delta", 1);
      return mean((p, t) => {
        const error = Math.abs(p - t);
        return error <= delta ? 0.5 * error * error : delta * error - 0.5 * delta * delta;
      });
    }
    case "logCosh":
      return mean((p, t) => p - t + softplus(-2 * (p - t)) - Math.LN2);
    case "poisson":
      return mean((p, t) => p - t * math.log64(p + EPSILON));
    case "hinge":
      return mean((p, t) => Math.max(1 - (t === 0 ? -1 : t) * p, 0));
    case "squaredHinge":
      return mean((p, t) => Math.max(1 - (t === 0 ? -1 : t) * p, 0) ** 2);
    case "binaryCrossentropy":
    case "binaryCrossentropyOfLogits":
      return mean((p, t) => {
        const target = t * (1 - smoothing) + 0.5 * smoothing;
        if (fromLogits) return softplus(p) - p * target;
        const q = clip(p, EPSILON, TOP);
        return -(target * math.log64(q) + (1 - target) * math.log64(1 - q));
      });
    case "categoricalHinge":
      return ({ predicted, target, width }, row) => {
        let [positive, negative] = [0, Number.NEGATIVE_INFINITY];
        for (let i = row * width; i < (row + 1) * width; i++) {
          positive += target[i]! * predicted[i]!;
          negative = Math.max(negative, (1 - target[i]!) * predicted[i]!);
        }
        return Math.max(negative - positive + 1, 0);
      };
    case "binaryFocalCrossentropy": {
      const [gamma, alpha] = [numberOf(config, "gamma", 2), numberOf(config, "alpha", 0.25)];
      const isBalanced = config["applyClassBalancing"] === true;
      return mean((p, t) => {
        const target = t * (1 - smoothing) + 0.5 * smoothing;
        const q = clip(fromLogits ? 1 / (1 + math.exp64(-p)) : p, EPSILON, TOP);
        const entropy = -(target * math.log64(q) + (1 - target) * math.log64(1 - q));
        const right = target * q + (1 - target) * (1 - q);
        const share = isBalanced ? target * alpha + (1 - target) * (1 - alpha) : 1;
        return share * math.pow64(1 - right, gamma) * entropy;
      });
    }
    case "categoricalFocalCrossentropy": {
      const [gamma, alpha] = [numberOf(config, "gamma", 2), numberOf(config, "alpha", 0.25)];
      return ({ predicted, target, width }, row) => {
        const from = row * width;
        let sum = 0;
        for (let i = 0; i < width; i++) sum += fromLogits ? math.exp64(predicted[from + i]!) : predicted[from + i]!;
        let loss = 0;
        for (let i = 0; i < width; i++) {
          const p = predicted[from + i]!;
          const q = clip((fromLogits ? math.exp64(p) : p) / sum, EPSILON, TOP);
          const t = target[from + i]! * (1 - smoothing) + smoothing / width;
          loss -= alpha * math.pow64(1 - q, gamma) * t * math.log64(q);
        }
        return loss;
      };
    }
    case "klDivergence":
      return ({ predicted, target, width }, row) => {
        let sum = 0;
        for (let i = row * width; i < (row + 1) * width; i++) {
          const t = clip(target[i]!, EPSILON, 1);
          sum += t * math.log64(t / clip(predicted[i]!, EPSILON, 1));
        }
        return sum;
      };
    case "cosineSimilarity":
      return ({ predicted, target, width }, row) => {
        let [pp, tt, pt] = [0, 0, 0];
        for (let i = row * width; i < (row + 1) * width; i++) {
          pp += predicted[i]! ** 2;
          tt += target[i]! ** 2;
          pt += predicted[i]! * target[i]!;
        }
        return -pt / (Math.max(Math.sqrt(pp), EPSILON) * Math.max(Math.sqrt(tt), EPSILON));
      };
    case "sparseCategoricalCrossentropy":
      if (!fromLogits) return (batch, row) => ofClass(batch, row, math);
      return (batch, row) => crossentropy(batch, row, true, fromLogits, smoothing, math);
    case "categoricalCrossentropy":
    case "categoricalCrossentropyOfLogits":
    case "sparseCategoricalCrossentropyOfLogits":
      return (batch, row) => crossentropy(batch, row, kind.startsWith("sparse"), fromLogits, smoothing, math);
    default:
      throw new TypeError(`the loss ${kind} is no metric`);
  }
}

/** Of clipped probabilities, which are divided by their sum then. */
function ofClass({ predicted, target, width }: MetricBatch, row: number, math: Numbers): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += clip(predicted[row * width + i]!, EPSILON, TOP);
  return math.log64(sum) - math.log64(clip(predicted[row * width + target[row]!]!, EPSILON, TOP));
}

function crossentropy(
  { predicted, target, width }: MetricBatch,
  row: number,
  sparse: boolean,
  fromLogits: boolean,
  smoothing: number,
  math: Numbers,
): number {
  const from = row * width;
  let sum = 0;
  for (let i = 0; i < width; i++) sum += fromLogits ? math.exp64(predicted[from + i]!) : predicted[from + i]!;
  let loss = 0;
  for (let i = 0; i < width; i++) {
    const t = sparse ? Number(target[row] === i) : target[from + i]! * (1 - smoothing) + smoothing / width;
    if (t === 0) continue;
    const p = predicted[from + i]!;
    loss -= t * (fromLogits ? p - math.log64(sum) : math.log64(clip(p / sum, EPSILON, TOP)));
  }
  return loss;
}
