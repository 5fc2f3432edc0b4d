import { Dense } from "../../layers/dense.ts";
import { withMask } from "../../plan/buffer.ts";
import { floats } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { Rule } from "../tape.ts";
import { activationPass } from "./activations.ts";

/** y = activation(x · kernel + bias). */
export const denseRule: Rule = (tape, layer, inputs) => {
  if (!(layer instanceof Dense)) throw new TypeError(`${layer} is no Dense`);
  const x = floats(tape.p, inputs[0]!);
  const { units } = layer;
  const features = x.shape.at(-1)!;
  const rows = sizeOf(x.shape) / features;
  layer.checkInput(x, [1, 2, 3, 4, 5, 6], layer.needWeight("kernel").shape[0]!);
  const kernel = tape.needWeight(layer, "kernel");
  const bias = tape.weight(layer, "bias");
  const z = tape.tensor([...x.shape.slice(0, -1), units]);
  tape.product({ y: z, a: x, b: kernel, rows, depth: features, columns: units, bias });
  const active = activationPass(tape, layer, z, layer.activation);
  return {
    outputs: [withMask(active.y, x.mask)],
    logits: active.logits,
    backward([dy], wanted, [ofLogits]) {
      const dz = active.backward(dy, ofLogits)!;
      const dBias = bias && tape.sink(layer, "bias");
      if (dBias) {
        tape.emit("sumRows", { y: dBias, x: dz, xStride: units, rows, width: units, accumulate: dBias.accumulate });
      }
      const dKernel = tape.sink(layer, "kernel");
      if (dKernel) {
        const { accumulate } = dKernel;
        tape.productOfRows({ y: dKernel, a: x, b: dz, rows, columnsA: features, columnsB: units, accumulate });
      }
      if (!wanted) return [undefined];
      const dx = tape.tensor(x.shape);
      tape.product({ y: dx, a: dz, b: kernel, transposed: true, rows, depth: units, columns: features });
      return [dx];
    },
  };
};
