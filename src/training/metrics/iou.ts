import { OptionError } from "../../errors.ts";
import { numberOf } from "../options/serialized.ts";
import { argmax } from "./accuracies.ts";
import { ratio } from "./confusion-metrics.ts";
import type { Metric, MetricBatch } from "./metric.ts";

type Config = Readonly<Record<string, unknown>>;

/** The class of a row's target or prediction. */
type ClassOf = (values: Float32Array, from: number, width: number) => number;

const single: ClassOf = (values, from) => Math.trunc(values[from]!);
const place: ClassOf = argmax;

/** What an intersection over union is of. */
interface IouOptions {
  readonly classes: number;
  /** The classes whose mean is given. */
  readonly targets: readonly number[];
  readonly ofTarget: ClassOf;
  readonly ofPrediction: ClassOf;
  readonly ignored: number | undefined;
}

/** Intersection over union: right ones over all that are, or are taken for, a class; the mean over classes that occur. */
export class Iou implements Metric {
  readonly name: string;
  readonly #options: IouOptions;
  /** [target, prediction] */
  readonly #matrix: Float64Array;

  constructor(name: string, options: IouOptions) {
    this.name = name;
    this.#options = options;
    this.#matrix = new Float64Array(options.classes ** 2);
  }

  update({ predicted, target, rows, width, trueWidth, weights }: MetricBatch): void {
    const { classes, ofTarget, ofPrediction, ignored } = this.#options;
    // Without an axis of classes every number is a class of its own.
    const [each, eachTrue] = [ofPrediction === place ? width : 1, ofTarget === place ? trueWidth : 1];
    const count = (rows * width) / each;
    for (let i = 0; i < count; i++) {
      const t = ofTarget(target, i * eachTrue, eachTrue);
      const p = ofPrediction(predicted, i * each, each);
      if (t === ignored) continue;
      if (!(t >= 0 && t < classes && p >= 0 && p < classes)) {
        throw new OptionError(`The metric ${this.name} has ${classes} classes; got ${t >= 0 && t < classes ? p : t}.`);
      }
      // Keras counts in whole numbers.
      this.#matrix[t * classes + p]! += weights ? Math.trunc(weights[Math.floor((i * each) / width)]!) : 1;
    }
  }

  result(): number {
    const { classes, targets } = this.#options;
    let [sum, seen] = [0, 0];
    for (const c of targets) {
      let union = -this.#matrix[c * classes + c]!;
      for (let i = 0; i < classes; i++) union += this.#matrix[c * classes + i]! + this.#matrix[i * classes + c]!;
      if (union <= 1e-9) continue;
      seen++;
      sum += this.#matrix[c * classes + c]! / (union + 1e-7);
    }
    return ratio(sum, seen);
  }

  totals(): Float64Array {
    return this.#matrix.slice();
  }

  restore(totals: Float64Array): void {
    this.#matrix.set(totals);
  }
}

/** IoU and MeanIoU of class numbers, OneHotIoU and OneHotMeanIoU of rows. @throws {OptionError} */
export function iouMetric(name: string, config: Config, isOneHot: boolean): Metric {
  const classes = numberOf(config, "numClasses", 0);
  if (!(Number.isInteger(classes) && classes > 0)) {
    throw new OptionError(`The metric ${name}: \`numClasses\` must be a whole number ≥ 1; got ${classes}.`);
  }
  const given = config["targetClassIds"];
  const targets = Array.isArray(given) ? (given as number[]) : Array.from({ length: classes }, (_, i) => i);
  const outside = targets.find((target) => !(target >= 0 && target < classes));
  if (outside !== undefined) throw new OptionError(`The metric ${name} has no class ${outside}, only ${classes}.`);
  const sparse = (key: string) => (typeof config[key] === "boolean" ? config[key] === true : !isOneHot);
  const ignored = config["ignoreClass"];
  return new Iou(name, {
    classes,
    targets,
    ofTarget: isOneHot || !sparse("sparseYTrue") ? place : single,
    ofPrediction: sparse("sparseYPred") ? single : place,
    ignored: typeof ignored === "number" ? ignored : undefined,
  });
}

/** BinaryIoU: of the two classes below and above a threshold. */
export function binaryIou(name: string, config: Config): Metric {
  const threshold = Math.fround(numberOf(config, "threshold", 0.5));
  const given = config["targetClassIds"];
  return new Iou(name, {
    classes: 2,
    targets: Array.isArray(given) ? (given as number[]) : [0, 1],
    ofTarget: single,
    ofPrediction: (values, from) => Number(values[from]! > threshold),
    ignored: undefined,
  });
}
