import { Embedding } from "../../layers/embedding.ts";
import { withMask } from "../../plan/buffer.ts";
import { binary } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { Rule } from "../tape.ts";

/** Rows of a table; repeated rows add their gradients. */
export const embeddingRule: Rule = (tape, layer, inputs) => {
  if (!(layer instanceof Embedding)) throw new TypeError(`${layer} is no Embedding`);
  const x = inputs[0]!;
  const width = layer.outputDim;
  const table = tape.needWeight(layer, "embeddings");
  tape.p.checkIndices({ indices: x, limit: layer.needWeight("embeddings").shape[0]!, owner: String(layer) });
  const y = tape.tensor([...x.shape, width]);
  const rows = { indices: x, isFloat: Number(x.dtype === "float32"), count: sizeOf(x.shape), width };
  tape.emit("lookUp", { y, table, ...rows });
  const mask = layer.maskZero ? binary(tape.p, "notEqual", x, 0) : undefined;
  return {
    outputs: [withMask(y, mask)],
    backward([dy]) {
      const gradient = dy && tape.addingSink(layer, "embeddings");
      if (gradient) tape.emit("scatterRows", { gradient, dy, ...rows });
      return [undefined];
    },
  };
};
