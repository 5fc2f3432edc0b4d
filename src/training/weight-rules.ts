import { OptionError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { Bidirectional } from "../layers/recurrent/bidirectional.ts";
import { TimeDistributed } from "../layers/recurrent/time-distributed.ts";
import { release } from "./optimizers/optimizer-rules.ts";
import { namedConfig, numberOf, optionalNumber, plainName } from "./options/serialized.ts";
import type { Parameter } from "./parameters.ts";
import type { Tape } from "./tape.ts";

import { weightOption } from "./weight-option.ts";

/** L1 and L2 factors of a regularizer; undefined for none. */
export function readRegularizer(value: unknown, owner: string): { l1: number; l2: number } | undefined {
  if (value === null || value === undefined) return undefined;
  const { className, config } = namedConfig(value, `${owner}: the regularizer`);
  const isName = typeof value === "string";
  switch (plainName(className)) {
    case "l1":
      return { l1: numberOf(config, "l1", numberOf(config, "l", 0.01)), l2: 0 };
    case "l2":
      return { l1: 0, l2: numberOf(config, "l2", numberOf(config, "l", 0.01)) };
    case "l1l2":
    case "weightregularizer":
    case "activityregularizer":
      return { l1: numberOf(config, "l1", isName ? 0.01 : 0), l2: numberOf(config, "l2", isName ? 0.01 : 0) };
    default:
      throw new OptionError(
        `${owner}: the regularizer ${className} is not supported in training; use L1, L2, L1L2 or, for weights, OrthogonalRegularizer.`,
      );
  }
}

/** What pushes the rows or columns of a matrix towards right angles. */
export interface Orthogonal {
  readonly factor: number;
  /** 1 for rows, 0 for columns. */
  readonly byRows: 0 | 1;
}

/** The regularizer of a weight. @throws {OptionError} If it is unknown or does not fit the weight. */
export function weightRegularizer(parameter: Parameter): { l1: number; l2: number } | Orthogonal | undefined {
  const { layer, name } = parameter;
  const key = weightOption(layer, name, "Regularizer");
  if (layer.config[key] == null) return undefined;
  const { className, config } = namedConfig(layer.config[key], `${layer}: the regularizer`);
  if (["orthogonalregularizer", "orthogonal"].includes(plainName(className))) return orthogonal(parameter, config);
  const found = readRegularizer(layer.config[key], String(layer));
  return found && (found.l1 !== 0 || found.l2 !== 0) ? found : undefined;
}

function orthogonal({ layer, name, shape }: Parameter, config: Readonly<Record<string, unknown>>): Orthogonal {
  const mode = config["mode"] ?? "rows";
  if (mode !== "rows" && mode !== "columns") {
    throw new OptionError(`${layer}: the regularizer's mode must be "rows" or "columns"; got ${JSON.stringify(mode)}.`);
  }
  if (shape.length !== 2 || shape[mode === "rows" ? 0 : 1]! < 2) {
    throw new OptionError(
      `${layer}: OrthogonalRegularizer takes a matrix of at least two ${mode}; ${name} is [${shape.join(", ")}].`,
    );
  }
  return { factor: numberOf(config, "factor", 0.01), byRows: mode === "rows" ? 1 : 0 };
}

/** The activity regularizer of a layer. */
export function activityRegularizer(layer: Layer): { l1: number; l2: number } | undefined {
  if (layer.className === "ActivityRegularization") {
    return { l1: numberOf(layer.config, "l1", 0), l2: numberOf(layer.config, "l2", 0) };
  }
  const owner = activityOwner(layer);
  return readRegularizer(owner.config["activityRegularizer"], String(owner));
}

/** Whose regularizer a layer's is: wrappers of Keras 1 and 2 show their inner layer's as their own, and do not call it. */
function activityOwner(layer: Layer): Layer {
  const { era } = layer.profile;
  if (era !== "keras1" && era !== "keras2") return layer;
  if (layer instanceof TimeDistributed) return layer.layer;
  return layer instanceof Bidirectional && era === "keras2" ? layer.forwardLayer : layer;
}

/** True if a layer's activity loss is a sum over the batch, not its mean: Keras 1 and 2, and Keras 3 before 3.14. */
export function sumsActivity({ profile: { era, version } }: Layer): boolean {
  if (era === "keras3") return version !== "" && release(version) < 3.014;
  return era === "keras1" || era === "keras2";
}

/** True if a weight is brought back to something after its update. */
export function hasConstraint({ layer, name }: Parameter): boolean {
  return layer.config[weightOption(layer, name, "Constraint")] != null;
}

/** Appends the constraint of a weight, if it has one. */
export function emitConstraint(tape: Tape, parameter: Parameter): void {
  const { layer, name, shape } = parameter;
  if (!hasConstraint(parameter)) return;
  const key = weightOption(layer, name, "Constraint");
  const { className, config } = namedConfig(layer.config[key], `${layer}: the constraint`);
  const w = parameter.value.place;
  const limits = normLimits(plainName(className), config);
  if (limits) {
    const axes = [config["axis"] ?? 0]
      .flat()
      .map((axis) => (Number(axis) < 0 ? shape.length + Number(axis) : Number(axis)))
      .sort((a, b) => a - b);
    const [first = 0] = axes;
    if (axes.some((axis, i) => axis !== first + i || axis >= Math.max(shape.length, 1))) {
      throw new OptionError(`${layer}: a constraint takes axes that follow each other; got ${axes.join(", ")}.`);
    }
    const size = (from: number, to?: number) => shape.slice(from, to).reduce((a, b) => a * b, 1);
    const end = first + axes.length;
    tape.emit("constrainNorm", { w, outer: size(0, first), axis: size(first, end), inner: size(end), ...limits });
    return;
  }
  if (["nonneg", "nonnegative"].includes(plainName(className))) {
    tape.emit("constrainNonNegative", { w, count: parameter.value.count });
    return;
  }
  throw new OptionError(
    `${layer}: the constraint ${className} is not supported in training; use MaxNorm, MinMaxNorm, NonNeg or UnitNorm.`,
  );
}

function normLimits(name: string, config: Readonly<Record<string, unknown>>) {
  const max = (fallback: number) => numberOf(config, "maxValue", optionalNumber(config, "m") ?? fallback);
  if (name === "maxnorm") return { low: 0, high: max(2), rate: 1 };
  if (name === "unitnorm") return { low: 1, high: 1, rate: 1 };
  if (name === "minmaxnorm") {
    return { low: numberOf(config, "minValue", 0), high: max(1), rate: numberOf(config, "rate", 1) };
  }
  return undefined;
}
