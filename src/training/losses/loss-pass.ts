import { ACTIVATION_CODES } from "../../engine/activation-codes.ts";
import { OptionError } from "../../errors.ts";
import { type AnyActivation, applyActivation } from "../../layers/activation.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor.ts";
import type { Logits, Tape } from "../tape.ts";
import { isOverlap, kindOfLogits, LOSS_CODES, type LossKind, type LossSpec } from "./losses.ts";
import { overlapLoss } from "./overlap-loss.ts";

/** What a loss works on. */
export interface LossPlaces {
  readonly output: Value;
  /** What a sigmoid or softmax output was made from. */
  readonly logits: Logits | undefined;
  readonly target: Value;
  /** One weight per row of the loss. */
  readonly weights: Value | undefined;
  /** Where the reduced loss goes. */
  readonly total: Place;
  /** The loss's weight among several: scales the gradient. */
  readonly scale: number;
  /** True if the rows are a part of a batch's. */
  readonly isPart: boolean;
}

/**
 * Appends a loss with its gradient. Crossentropies of a sigmoid or softmax work on the logits, as Keras on TensorFlow.
 *
 * @returns The gradient, undefined while evaluating; `ofLogits` tells of what.
 */
export function lossPass(
  tape: Tape,
  spec: LossSpec,
  places: LossPlaces,
): { gradient: Value | undefined; ofLogits: boolean } {
  const { output, target, weights, total, scale } = places;
  const kind = spec.kind === "ctc" || isOverlap(spec.kind) ? undefined : spec.kind;
  const better = kind && places.logits ? kindOfLogits(spec, places.logits.by) : undefined;
  const activated = spec.activation && focalOf(tape, output, spec.activation);
  const pred = better ? places.logits!.value : (activated?.y ?? output);
  const width = output.shape.at(-1)!;
  const rows = sizeOf(lossShape(spec.kind, output.shape));
  const mask = rowMask(output, rows);
  if (places.isPart) checkPart(spec, mask, weights);
  let other: Place | 0 = 0;
  if (spec.ignoreClass !== undefined) {
    other = { buffer: tape.p.buffer(rows), offset: 0 };
    tape.emit("labelMask", { out: other, labels: target, count: rows, ignored: spec.ignoreClass });
  }
  const coef = tape.tensor([rows]);
  const shares = { mask: mask ?? 0, other, weights: weights ?? 0, count: rows, reduction: spec.reduction };
  tape.emit("lossShares", { coef, ...shares });
  const loss = tape.tensor([rows]);
  const gradient = tape.training ? tape.tensor(output.shape) : undefined;
  if (isOverlap(spec.kind)) {
    const [alpha, beta] = spec.numbers;
    overlapLoss(tape, spec.kind, { loss, gradient, pred, target, coef }, { alpha, beta, scale });
  } else if (kind === undefined) {
    if (output.shape.length !== 3 || target.shape.length !== 2) {
      throw new OptionError(
        `The CTC loss takes an output of [batch, timesteps, classes] and targets of [batch, labels]; got ${formatShape(output.shape)} and ${formatShape(target.shape)}.`,
      );
    }
    const [batch, timesteps, classes] = output.shape as [number, number, number];
    const maxLabels = target.shape[1]!;
    const doubles = timesteps * classes + 2 * timesteps * (2 * maxLabels + 1);
    const scratch = { buffer: tape.p.buffer(8 * doubles), offset: 0 };
    const sizes = { batch, timesteps, classes, maxLabels, scale };
    tape.emit("ctcLoss", { loss, grad: gradient ?? 0, logits: output, labels: target, coef, scratch, ...sizes });
  } else {
    const [a, b, c] = spec.numbers;
    const numbers = { kind: LOSS_CODES[(better ?? kind) as keyof typeof LOSS_CODES], rows, width, scale, a, b, c };
    tape.emit("lossRows", { loss, grad: gradient ?? 0, pred, target, coef, ...numbers });
  }
  tape.emit("lossTotal", { total, loss, coef, count: rows });
  const given = activated && gradient ? activated.backward(gradient) : gradient;
  return { gradient: given, ofLogits: better !== undefined };
}

/** @throws {OptionError} If a part's share in the loss of its batch is not that of its rows. */
function checkPart({ name, reduction }: LossSpec, mask: Value | undefined, weights: Value | undefined): void {
  const isByRows = reduction === 1 || reduction === 3 || (!mask && (reduction === 0 || !weights));
  if (isByRows) return;
  throw new OptionError(
    `fit: \`workers\` and \`shards\` cut batches by samples, and the loss ${name} leaves ${mask ? "masked timesteps" : "samples of weight zero"} out of its mean. Train on one thread.`,
  );
}

/** The shape of a loss before it is reduced: one number per row, per sample, or one in all. */
export function lossShape(kind: LossKind | undefined, output: Shape): Shape {
  if (kind === "ctc") return [output[0]!];
  return kind && isOverlap(kind) ? [1] : output.slice(0, -1);
}

/** Probabilities from logits. */
function focalOf(tape: Tape, logits: Value, by: "sigmoid" | "softmax") {
  const count = sizeOf(logits.shape);
  const chosen: AnyActivation =
    by === "softmax" ? by : { name: by, code: ACTIVATION_CODES[by], alpha: 0, beta: 0, gamma: 0 };
  const y = applyActivation(tape.p, logits, chosen);
  const backward = (dy: Value): Value => {
    const dx = tape.tensor(logits.shape);
    const width = logits.shape.at(-1)!;
    if (by === "softmax") tape.emit("softmaxGradient", { dx, dy, y, rows: count / width, width, isLog: 0 });
    else tape.emit("activationGradient", { dx, dy, y, count, code: ACTIVATION_CODES[by], alpha: 0 });
    return dx;
  };
  return { y, backward };
}

/** A mask that has one byte per row of the loss. */
function rowMask(output: Value, rows: number): Value | undefined {
  return output.mask && sizeOf(output.mask.shape) === rows ? output.mask : undefined;
}
