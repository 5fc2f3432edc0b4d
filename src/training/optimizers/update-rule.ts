import type { Place } from "../../plan/buffer.ts";
import type { Parameter, Region } from "../parameters.ts";
import type { RangeGradient } from "../table-rows.ts";
import type { Tape } from "../tape.ts";
import type { OptimizerEra } from "./optimizer-rules.ts";
import type { Numbers } from "./schedules.ts";

type Config = Readonly<Record<string, unknown>>;

/** What a rule keeps of each weight. */
interface Slot {
  readonly name: string;
  /** What it begins with, 0 by default: a number, or the weight itself. */
  readonly start?: number | "weight";
  readonly group?: number;
  /**
   * The slot's shape for a weight of that shape and path ("lstm/kernel"), the same by default; undefined if such a weight has
   * none, [] if Keras keeps an unused number for it.
   */
  readonly shape?: (weight: readonly number[], path: string) => readonly number[] | undefined;
}

/** One update rule: its slots, what changes per step, and the kernel call. */
export interface UpdateRule {
  /** Keras 3's slot names; `start` fills them. Slots of one group go weight by weight, one group after the other. */
  readonly slots: readonly Slot[];
  /** A number that goes on from step to step, which Keras saves with the slots. */
  readonly product?: { at(step: number): number; set(step: number, value: number): void };
  /** Up to four numbers of a step, given the rate and the step from 1: written to the rates block. */
  rates(rate: number, step: number): readonly number[];
  /** True if the rule decays the weights itself. */
  readonly decays?: boolean;
  /** Appends the kernel that updates one weight from its gradient; `rate` is the rates block. */
  update(tape: Tape, parameter: Parameter, slots: readonly (Region | undefined)[], rate: Place): void;
  /**
   * What tf.keras' old optimizers leave alone in the rows of a table that a batch does not name: everything, or the weight
   * while the slots go on.
   */
  readonly untouched?: "rows" | "weight";
  /** The same, bit for bit, of a table [rows, width] of which only some rows have a gradient; width a multiple of 4. */
  updateRows?(
    tape: Pick<Tape, "emit">,
    parameter: Parameter,
    slots: readonly (Region | undefined)[],
    rate: Place,
    given: RangeGradient,
  ): void;
}

/** A weight's path as rules know it: "lstm/kernel". */
export const pathOf = (layer: { readonly name: string }, weight: string): string => `${layer.name}/${weight}`;

/** The nearest float32: Keras computes an optimizer's numbers in that. */
export const f32 = Math.fround;

/** 1 − βᵗ in float32, as Keras computes it: near t = 1 its rounding is seen in the weights. */
export const biasCorrection = (math: Numbers, beta: number, step: number): number =>
  f32(1 - f32(math.pow64(f32(beta), step)));

/** 1 − β: of the exact β in Keras 3, of the rounded one before. */
export const oneMinus = (beta: number, era: OptimizerEra): number => f32(1 - (era === "keras3" ? beta : f32(beta)));

/** Makes a rule from an optimizer's config, keys in camelCase. */
export type RuleMaker = (config: Config, era: OptimizerEra, math: Numbers) => UpdateRule;

/** The numbers of a step for rules that need no more of it than its rate. */
export const rateAlone = (rate: number): readonly number[] => [rate];

/** What every kernel of a rule is given: weight, gradient, their floats with the padding, and the step's numbers. */
export const updateArgs = (parameter: Parameter, rate: Place) => ({
  p: parameter.value.place,
  g: parameter.gradient!.place,
  count: parameter.value.count,
  rate,
});
