import { ACTIVATION_CODES as CODES } from "../../engine/activation-codes.ts";
import { exponential, onCircle } from "../../layers/portable-math.ts";

/**
 * The derivatives of elementwise functions that have none among the kernels: powers, roots, logarithms and the like, told
 * by x and y = f(x). Undefined for codes that the kernels know.
 */
export const SLOPES: ReadonlyMap<number, (x: number, y: number) => number> = new Map([
  [CODES.square, (x: number) => 2 * x],
  [CODES.sqrt, (_: number, y: number) => 0.5 / y],
  [CODES.rsqrt, (_: number, y: number) => -0.5 * y * y * y],
  [CODES.abs, (x: number) => Math.sign(x)],
  [CODES.negative, () => -1],
  [CODES.log, (x: number) => 1 / x],
  [CODES.reciprocal, (_: number, y: number) => -y * y],
  [CODES.erf, (x: number) => (2 / Math.sqrt(Math.PI)) * exponential(-x * x)],
  [CODES.floor, () => 0],
  [CODES.ceil, () => 0],
  [CODES.round, () => 0],
  [CODES.sin, (x: number) => onCircle(x, 2 * Math.PI).cos],
  [CODES.cos, (x: number) => -onCircle(x, 2 * Math.PI).sin],
  [CODES.leakyRelu02, (x: number) => (x > 0 ? 1 : 0.2)],
]);
