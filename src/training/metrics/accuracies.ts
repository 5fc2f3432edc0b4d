import type { RowValue } from "./mean-metric.ts";
import type { MetricBatch } from "./metric.ts";

/** The place of the greatest of `width` values, the first of equal ones. */
export function argmax(values: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}

/** The class of a target: its number, or the place of its largest value. */
function classOf({ target, trueWidth }: MetricBatch, row: number): number {
  return trueWidth === 1 ? target[row]! : argmax(target, row * trueWidth, trueWidth);
}

/** 1 if the greatest prediction stands where the greatest target does. */
export const categoricalHit: RowValue = (batch, row) =>
  Number(
    argmax(batch.target, row * batch.trueWidth, batch.trueWidth) ===
      argmax(batch.predicted, row * batch.width, batch.width),
  );

/** 1 if the greatest prediction is that of the target's class number. */
export const sparseHit: RowValue = (batch, row) =>
  Number(batch.target[row] === argmax(batch.predicted, row * batch.width, batch.width));

/** The share of predictions that are their targets. */
export const equality: RowValue = ({ predicted, target, width }, row) => {
  let hits = 0;
  for (let i = row * width; i < (row + 1) * width; i++) hits += Number(target[i] === predicted[i]);
  return hits / width;
};

/** The share of predictions that are on their target's side of a threshold; targets are 0 or 1. */
export function binaryAccuracy(threshold: number): RowValue {
  return ({ predicted, target, width }, row) => {
    let hits = 0;
    for (let i = row * width; i < (row + 1) * width; i++)
      hits += Number(target[i] === Number(predicted[i]! > threshold));
    return hits / width;
  };
}

/** Keras 1's and 2's binary accuracy: the share of predictions that are their targets when rounded, halves to even. */
export const roundedEquality: RowValue = ({ predicted, target, width }, row) => {
  let hits = 0;
  for (let i = row * width; i < (row + 1) * width; i++) {
    const p = predicted[i]!;
    hits += Number(target[i] === (Math.abs(p % 1) === 0.5 ? 2 * Math.round(p / 2) : Math.round(p)));
  }
  return hits / width;
};

/** 1 if fewer than k predictions are greater than that of the right class. */
export function topK(k: number): RowValue {
  return (batch, row) => {
    const { predicted, width } = batch;
    const own = predicted[row * width + classOf(batch, row)]!;
    let above = 0;
    for (let i = 0; i < width; i++) above += Number(predicted[row * width + i]! > own);
    return Number(above < k);
  };
}
