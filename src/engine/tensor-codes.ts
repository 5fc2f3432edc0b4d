/** Codes of `binaryForward` (`assembly/tensor/binary-forward.ts` has the same). Those from `equal` on give bools. */
export const BINARY_CODES = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  maximum: 4,
  minimum: 5,
  equal: 6,
  notEqual: 7,
  less: 8,
  lessEqual: 9,
} as const;
export type BinaryOp = keyof typeof BINARY_CODES;

/** Codes of `logicalForward`. */
export const LOGICAL_CODES = { and: 0, or: 1, xor: 2 } as const;
export type LogicalOp = keyof typeof LOGICAL_CODES;

/** Codes of `reduceForward` (`assembly/tensor/reduce-forward.ts` has the same). */
export const REDUCE_CODES = {
  sum: 0,
  mean: 1,
  max: 2,
  min: 3,
  prod: 4,
  argmax: 5,
  argmin: 6,
  any: 7,
  all: 8,
} as const;
export type ReduceOp = keyof typeof REDUCE_CODES;

/** Codes of dtypes in `castForward`. */
export const CAST_CODES = { float32: 0, int32: 1, bool: 2 } as const;

/** Modes of `normalizeForward`. */
export const NORMALIZE_CODES = { affine: 0, meanAndVariance: 1, rootMeanSquare: 2 } as const;
export type NormalizeMode = keyof typeof NORMALIZE_CODES;
