import type { Model, ModelInput, Tensor } from "../platform/node.ts";

/** How far one output of a rounded model is from the original's. */
export interface Accuracy {
  readonly maximum: number;
  readonly mean: number;
  /** Rows whose decision differs: the largest entry, or the side of 0.5 where there is one entry. */
  readonly changed: number;
  readonly decisions: number;
}

/** Compares an output of two models. A NaN on one side alone counts as infinitely far. */
export function accuracyOf(want: Tensor, got: Tensor): Accuracy {
  const a = want.data as Float32Array;
  const b = got.data as Float32Array;
  const width = want.shape.at(-1) ?? 1;
  let maximum = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i])) continue;
    const apart = Math.abs(a[i]! - b[i]!);
    const distance = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    maximum = Math.max(maximum, distance);
    sum += distance;
  }
  const decisions = width > 0 ? a.length / width : 0;
  let changed = 0;
  for (let row = 0; row < decisions; row++) {
    if (decisionOf(a, row, width) !== decisionOf(b, row, width)) changed++;
  }
  return { maximum, mean: a.length > 0 ? sum / a.length : 0, changed, decisions };
}

function decisionOf(data: Float32Array, row: number, width: number): number {
  if (width === 1) return Number(data[row]! > 0.5);
  let best = 0;
  for (let j = 1; j < width; j++) if (data[row * width + j]! > data[row * width + best]!) best = j;
  return best;
}

/** What writing changes on samples, one line an output. */
export function accuracyReport(original: Model, rounded: Model, x: ModelInput, samples = "samples"): string {
  const want = original.inference.run(x);
  const got = rounded.inference.run(x);
  const lines = want.map((tensor, i) => {
    const { maximum, mean, changed, decisions } = accuracyOf(tensor, got[i]!);
    const share = decisions > 0 ? ` (${((100 * changed) / decisions).toFixed(2)}%)` : "";
    return `output ${i}: difference at most ${maximum.toExponential(2)}, mean ${mean.toExponential(2)}; decisions changed: ${changed} of ${decisions}${share}\n`;
  });
  return `accuracy on ${want[0]?.shape[0] ?? 0} ${samples} against the original\n${lines.join("")}`;
}
