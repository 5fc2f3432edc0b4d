import type { PlanBuffer, Value } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";

/** Whole numbers that are known while a plan is made: sizes of tensors and what a model computes from them. */
const KNOWN = new WeakMap<PlanBuffer, readonly number[]>();

/** True for a planned tensor among the arguments of a call. */
export function isTensorArgument(argument: unknown): argument is Value {
  return typeof argument === "object" && argument !== null && "buffer" in argument;
}

/** Notes what numbers a whole buffer holds. */
export function remember(value: Value, data: readonly number[]): Value {
  KNOWN.set(value.buffer, data);
  return value;
}

/** The numbers of a tensor, of a list with such tensors in it, or of constants; undefined if a run alone tells them. */
export function knownNumbers(argument: unknown): readonly number[] | undefined {
  if (typeof argument === "number") return [argument];
  if (typeof argument === "boolean") return [Number(argument)];
  if (Array.isArray(argument)) {
    const parts = argument.map(knownNumbers);
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }
  if (!isTensorArgument(argument)) return undefined;
  const all = KNOWN.get(argument.buffer);
  const start = argument.offset / 4;
  return all?.slice(start, start + sizeOf(argument.shape));
}
