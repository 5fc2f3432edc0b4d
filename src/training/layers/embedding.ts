import { Embedding } from "../../layers/embedding.ts";
import { type Place, type Value, withMask } from "../../plan/buffer.ts";
import { binary, cast } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { TableRows } from "../table-rows.ts";
import type { Rule, Tape } from "../tape.ts";

/**
 * Rows of a table. Only the rows that a batch names have a gradient, and a row that is named again adds to it. A layer
 * that computes once for each distinct row (`tape.lookedUp`) gives those rows' gradients back itself.
 */
export const embeddingRule: Rule = (tape, layer, inputs) => {
  if (!(layer instanceof Embedding)) throw new TypeError(`${layer} is no Embedding`);
  const x = inputs[0]!;
  const width = layer.outputDim;
  const rowCount = layer.needWeight("embeddings").shape[0]!;
  const table = tape.needWeight(layer, "embeddings");
  tape.p.checkIndices({ indices: x, limit: rowCount, owner: String(layer) });
  const count = sizeOf(x.shape);
  const indices = cast(tape.p, x, "int32");
  const y = tape.tensor([...x.shape, width]);
  tape.p.ifRead(y, () => tape.emit("lookUp", { y, table, indices, isFloat: 0, count, width }));
  const mask = layer.maskZero ? binary(tape.p, "notEqual", x, 0) : undefined;
  const rows = distinctRows(tape, indices, rowCount);
  const { maxRows, total, slots } = rows;
  const giveBack = (gradient: Place): void => tape.giveRows(layer, "embeddings", { rows, gradient });
  tape.noteLookUp(y, { shape: y.shape, rows, table, giveBack });
  return {
    outputs: [withMask(y, mask)],
    backward([dy]) {
      if (!dy || !tape.parameters.trains(layer)) return [undefined];
      const sums = tape.tensor([maxRows, width]);
      const steps = { slots, slotOuter: 0, slotInner: 1, outer: 1, inner: count, width };
      tape.gatherSums({ sums, total, maxRows, x: dy, ...steps });
      giveBack(sums);
      return [undefined];
    },
  };
};

function distinctRows(tape: Tape, indices: Value, rowCount: number): TableRows {
  const count = sizeOf(indices.shape);
  const [named, slots, total, map] = [[count], indices.shape, [1], [rowCount]].map((shape) =>
    tape.p.tensor(shape, "int32"),
  ) as [Value, Value, Value, Value];
  tape.p.emit("distinctRows", { rows: named, slots, total, map, indices, count });
  return { named, slots, total, map, maxRows: Math.min(rowCount, count) };
}
