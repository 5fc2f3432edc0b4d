import type { ActivationKernel } from "../../engine/activation-codes.ts";
import type { BinaryOp, ReduceOp } from "../../engine/tensor-codes.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, cast, reduce, unary } from "../../plan/tensor-ops.ts";
import { Layer, type LayerCall } from "../layer.ts";
import { isTensorArgument, OperationCall } from "./call.ts";
import { ofKnownNumbers } from "./known.ts";
import { OPERATIONS } from "./table.ts";

/** Elementwise functions by Keras' class name: a kernel with its parameters. */
const UNARY: Readonly<Record<string, readonly [ActivationKernel, ...number[]]>> = {
  Absolute: ["abs"],
  Abs: ["abs"],
  Ceil: ["ceil"],
  Cos: ["cos"],
  Erf: ["erf"],
  Exp: ["exponential"],
  Floor: ["floor"],
  HardSigmoid: ["hardSigmoid6"],
  HardSilu: ["hardSilu"],
  HardTanh: ["hardTanh"],
  Log: ["log"],
  LogSigmoid: ["logSigmoid"],
  Mish: ["mish"],
  Negative: ["negative"],
  Reciprocal: ["reciprocal"],
  Relu: ["relu", 0, Number.POSITIVE_INFINITY],
  Relu6: ["relu6"],
  Round: ["round"],
  Rsqrt: ["rsqrt"],
  Selu: ["selu"],
  Sigmoid: ["sigmoid"],
  Silu: ["silu"],
  Sin: ["sin"],
  Softplus: ["softplus"],
  Softsign: ["softsign"],
  SparsePlus: ["sparsePlus"],
  SparseSigmoid: ["sparseSigmoid"],
  Sqrt: ["sqrt"],
  Square: ["square"],
  Tanh: ["tanh"],
  TanhShrink: ["tanhShrink"],
};

/** Functions that keep whole numbers whole. */
const WHOLE = new Set(["Absolute", "Abs", "Negative", "Square", "Floor", "Ceil", "Round"]);

const BINARY: Readonly<Record<string, readonly [op: BinaryOp, swapped?: boolean]>> = {
  Add: ["add"],
  Subtract: ["subtract"],
  Multiply: ["multiply"],
  TrueDivide: ["divide"],
  Divide: ["divide"],
  Maximum: ["maximum"],
  Minimum: ["minimum"],
  Equal: ["equal"],
  NotEqual: ["notEqual"],
  Less: ["less"],
  LessEqual: ["lessEqual"],
  Greater: ["less", true],
  GreaterEqual: ["lessEqual", true],
};

const REDUCTIONS: Readonly<Record<string, ReduceOp>> = {
  Sum: "sum",
  Mean: "mean",
  Max: "max",
  Amax: "max",
  Min: "min",
  Amin: "min",
  Prod: "prod",
  Any: "any",
  All: "all",
  Argmax: "argmax",
  Argmin: "argmin",
};

/** An operation node of a functional model: `keras.ops` of Keras 3, TensorFlow functions of tf.keras. Masks end here. */
export class Operation extends Layer {
  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const name = this.className.slice(3);
    const at = new OperationCall(p, this, call.args ? call : { ...call, args: inputs });
    const sizes = ofKnownNumbers(name, at);
    if (sizes) return [sizes].flat() as Value[];
    if (Object.hasOwn(UNARY, name)) {
      const [kernel, alpha, beta] = UNARY[name]!;
      const x = at.tensor(0);
      const y = unary(p, kernel, x, alpha, beta);
      return [x.dtype === "int32" && WHOLE.has(name) ? cast(p, y, "int32") : y];
    }
    if (Object.hasOwn(BINARY, name)) {
      const [op, swapped] = BINARY[name]!;
      const [a, b] = [at.get("x1", 0), at.get("x2", 1)];
      const first = at.tensor(0, "x1", isTensorArgument(b) ? b : undefined);
      const second = at.tensor(1, "x2", isTensorArgument(a) ? a : undefined);
      return [swapped ? binary(p, op, second, first) : binary(p, op, first, second)];
    }
    if (Object.hasOwn(REDUCTIONS, name)) {
      const keep = at.get("keepdims", 2) === true;
      return [reduce(p, REDUCTIONS[name]!, at.tensor(0), at.numbers("axis", 1), keep)];
    }
    const found = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (!found) throw at.refuse("these arguments");
    const result = found(p, at);
    const outputs = Array.isArray(result) ? (result as readonly Value[]) : [result as Value];
    return outputs.map((value) => ({ ...value, mask: undefined }));
  }
}
