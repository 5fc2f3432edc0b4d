import { dense, input, lstm, sequential } from "../../src/platform/training-node.ts";
import { sizeOf } from "../../src/tensor.ts";
import { numbers } from "./random.ts";

/** Seeded numbers in −1 to 1, or what `f` makes of them. */
export function tensor(shape: readonly number[], seed = 1, f = (value: number) => value) {
  return { data: numbers(sizeOf(shape), seed).map(f), shape };
}

/** 16 sequences of 5 steps, and a target for each. */
export const X = tensor([16, 5, 3]);
export const Y = tensor([16, 1], 2);

/** A model for them, not compiled yet. */
export const small = (units = 1) => sequential([input([5, 3]), lstm(4), dense(units)], { build: "simd" });

/** The numbers of one of a model's weights. */
export const weightNumbers = (model: { getWeights(): { data: unknown }[] }, i = 0) => [
  ...(model.getWeights()[i]!.data as Float32Array),
];
