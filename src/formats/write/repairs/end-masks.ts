import type { TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import { GraphEdit, keyOf, tensorsOf } from "./graph-edit.ts";
import { handsOn } from "./mask-users.ts";

/** More than any layer has. */
const MOST_OUTPUTS = 64;

/**
 * Takes the masks off what layers put out that are given one: Keras 3 hands an explicit mask on as if it had come with
 * the input, to layers that must not see it. An operation between ends it.
 */
export function endMasks(model: WriteLayer): void {
  const edit = new GraphEdit(model);
  const used = new Set(edit.calls.flatMap((call) => tensorsOf(call.args).map(keyOf)));
  for (const layer of [...edit.layers]) {
    const pair = layer.className === "Bidirectional" && layer.config["mergeMode"] === null;
    edit.replaceCalls(layer.name, (call) => {
      const ends = [0, ...(pair ? [1] : [])].filter((tensor) =>
        used.has(keyOf({ layer: layer.name, call: call.index, tensor })),
      );
      if (!call.kwargs["mask"] || !handsOn(layer) || ends.length === 0) return undefined;
      const y = edit.call(layer.name, call.args, call.kwargs);
      const outputs = Array.from({ length: MOST_OUTPUTS }, (_, tensor): [number, TensorRef] => {
        const own = { ...y, tensor };
        return [tensor, ends.includes(tensor) ? edit.op("Copy", [own]) : own];
      });
      return new Map(outputs);
    });
  }
  edit.commit();
}
