import { broadcastTo, cast, filled, matmul, moveAxis } from "../../plan/tensor-ops.ts";
import type { DType } from "../../tensor.ts";
import { dtypeNamed, type OperationCall, type OperationPlan } from "./call.ts";
import { einsumOf } from "./einsum.ts";
import { ELEMENTWISE_OPERATIONS } from "./elementwise.ts";
import { GATHER_OPERATIONS } from "./gather.ts";
import { JOIN_OPERATIONS } from "./join.ts";
import { known } from "./known.ts";
import { MATH_OPERATIONS } from "./math.ts";
import { oneHot } from "./one-hot.ts";
import { SHAPE_OPERATIONS } from "./shapes.ts";

/** Operations whose arguments are more than tensors, by Keras' class name. */
export const OPERATIONS: Readonly<Record<string, OperationPlan>> = {
  ...MATH_OPERATIONS,
  ...SHAPE_OPERATIONS,
  ...ELEMENTWISE_OPERATIONS,
  ...GATHER_OPERATIONS,
  ...JOIN_OPERATIONS,
  Identity: (_p, at) => at.tensor(0),
  Copy: (_p, at) => at.tensor(0),
  ConvertToTensor: (_p, at) => at.tensor(0),
  StopGradient: (_p, at) => at.tensor(0),
  Cast: (p, at) => cast(p, at.tensor(0), dtypeNamed(at.get("dtype", 1), "float32")),
  Shape: (_p, at) => {
    const { shape } = at.tensor(0);
    return known(at, shape, [shape.length]);
  },
  SaturateCast: (p, at) => cast(p, at.tensor(0), dtypeNamed(at.get("dtype", 1), "float32")),

  // Made from sizes
  "tf.zeros": (p, at) => filled(p, at.numbers("shape", 0) ?? [], 0, dtypeNamed(at.get("dtype"), "float32")),
  "tf.ones": (p, at) => filled(p, at.numbers("shape", 0) ?? [], 1, dtypeNamed(at.get("dtype"), "float32")),
  "tf.fill": (p, at) => {
    const value = at.tensor(1, "value");
    return broadcastTo(p, value, at.numbers("shape", 0) ?? []);
  },

  // Made from others
  ZerosLike: (p, at) => filled(p, at.tensor(0).shape, 0, likeDtype(at)),
  OnesLike: (p, at) => filled(p, at.tensor(0).shape, 1, likeDtype(at)),
  FullLike: (p, at) => broadcastTo(p, cast(p, at.tensor(1, "fillValue"), likeDtype(at)), at.tensor(0).shape),
  OneHot: (p, at) => {
    const x = at.tensor(0);
    const hot = oneHot(p, x, at.number("numClasses", 1, 0));
    return moveAxis(p, cast(p, hot, dtypeNamed(at.get("dtype"), "float32")), -1, at.number("axis", 2, -1));
  },

  // Products
  Matmul: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    const left = at.get("transposeA") === true ? moveAxis(p, a, -1, -2) : a;
    return matmul(p, left, b, at.get("transposeB") === true);
  },
  Dot: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    if (b.shape.length > 2) throw at.refuse("a right side of more than two axes");
    return matmul(p, a, b);
  },
  Einsum: (p, at) => {
    return einsumOf(p, String(at.get("subscripts")), at.list(), String(at.layer));
  },
};

const likeDtype = (at: OperationCall): DType => dtypeNamed(at.get("dtype"), at.tensor(0).dtype);
