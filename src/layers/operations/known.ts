import { reshaped, type Value } from "../../plan/buffer.ts";
import { constant } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import type { OperationCall } from "./call.ts";
import { isTensorArgument, knownNumbers, remember } from "./known-numbers.ts";

/** Numbers as a tensor that {@link knownNumbers} reads. */
export function known(at: OperationCall, data: readonly number[], shape: Shape): Value {
  return remember(constant(at.p, at.layer, `known:${shape.join()}:${data.join()}`, data, shape, "int32"), data);
}

type Fold = (a: number, b: number) => number;

const BINARY: Readonly<Record<string, Fold>> = {
  Add: (a, b) => a + b,
  Subtract: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  FloorDivide: (a, b) => Math.floor(a / b),
  Mod: (a, b) => a - Math.floor(a / b) * b,
  Maximum: Math.max,
  Minimum: Math.min,
  Equal: (a, b) => Number(a === b),
  Greater: (a, b) => Number(a > b),
  Less: (a, b) => Number(a < b),
};
const FOLDS: Readonly<Record<string, Fold>> = {
  Sum: BINARY["Add"]!,
  Prod: BINARY["Multiply"]!,
  Max: Math.max,
  Min: Math.min,
};

/** What an operation makes of known whole numbers; undefined if it has other inputs or is none that sizes go through. */
export function ofKnownNumbers(name: string, at: OperationCall): Value | readonly Value[] | undefined {
  const first = at.get("x", 0);
  const tensors = [first].flat().filter(isTensorArgument);
  const isWhole = tensors.length > 0 && tensors.every((x) => x.dtype === "int32" && x.shape.length <= 1);
  const x = isWhole ? knownNumbers(first) : undefined;
  if (Object.hasOwn(BINARY, name)) return pairwise(BINARY[name]!, at);
  if (!x) return undefined;
  if (Object.hasOwn(FOLDS, name)) return x.length > 0 ? known(at, [x.reduce(FOLDS[name]!)], []) : undefined;
  switch (name) {
    case "Stack":
      return known(at, x, [x.length]);
    case "Concatenate":
      return known(at, x, [x.length]);
    case "Unstack":
      return x.map((n) => known(at, [n], []));
    case "Take": {
      const indices = knownNumbers(at.get("indices", 1));
      const picked = indices?.map((i) => x[i < 0 ? i + x.length : i]!);
      return picked && known(at, picked, typeof at.get("indices", 1) === "number" ? [] : [picked.length]);
    }
    case "Cast":
    case "Identity":
    case "Squeeze":
      return name === "Squeeze" ? reshaped(tensors[0]!, x.length === 1 ? [] : [x.length]) : tensors[0];
    case "OnesLike":
      return known(at, new Array<number>(x.length).fill(1), tensors[0]!.shape);
    case "Where": {
      const [a, b] = [knownNumbers(at.get("x1", 1)), knownNumbers(at.get("x2", 2))];
      if (!a || !b) return undefined;
      return known(
        at,
        x.map((bit, i) => (bit ? (a[i] ?? a[0]!) : (b[i] ?? b[0]!))),
        tensors[0]!.shape,
      );
    }
    default:
      return undefined;
  }
}

/** Two lists of one length, or a list and a number. */
function pairwise(fold: Fold, at: OperationCall): Value | undefined {
  const given = [at.get("x1", 0), at.get("x2", 1)];
  const tensors = given.filter(isTensorArgument);
  if (tensors.length === 0 || !tensors.every((x) => x.dtype === "int32" && x.shape.length <= 1)) return undefined;
  const [a, b] = given.map(knownNumbers);
  if (!a || !b || !(a.length === b.length || a.length === 1 || b.length === 1)) return undefined;
  const count = Math.max(a.length, b.length);
  const data = Array.from({ length: count }, (_, i) => fold(a[i % a.length]!, b[i % b.length]!));
  return known(at, data, tensors.some((x) => x.shape.length > 0) || count > 1 ? [count] : []);
}
