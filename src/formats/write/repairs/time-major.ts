import type { ArgSpec, TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import { GraphEdit } from "./graph-edit.ts";

/** Steps first and rows first, swapped. */
const AXES = [1, 0, 2];

/** A layer, or the pair inside a Bidirectional, that takes steps before rows. */
function recurrentLayers(layer: WriteLayer): readonly WriteLayer[] {
  return layer.className === "Bidirectional" ? layer.children.map((child) => child.layer) : [layer];
}

/** True for layers that take steps before rows. */
export function isTimeMajor(layer: WriteLayer): boolean {
  return recurrentLayers(layer).some(({ config }) => config["timeMajor"] === true);
}

/**
 * Rewrites a model's copy for a Keras without `time_major`: the layer takes rows first between two transpositions, its
 * explicit mask likewise. Where states are kept the layer stays as it is.
 */
export function transposeTimeMajor(model: WriteLayer): void {
  const edit = new GraphEdit(model);
  const wanted = edit.layers.filter(
    (layer) => isTimeMajor(layer) && recurrentLayers(layer).every(({ config }) => config["stateful"] !== true),
  );
  for (const layer of wanted) transpose(edit, layer);
  if (wanted.length > 0) edit.commit();
}

function transpose(edit: GraphEdit, layer: WriteLayer): void {
  const inner = recurrentLayers(layer);
  const sequences = inner[0]!.config["returnSequences"] === true;
  const pair = layer.className === "Bidirectional" && layer.config["mergeMode"] === null;
  const swapped = (of: ArgSpec | TensorRef, axes: readonly number[]): TensorRef => {
    const name = edit.add("rows_first", { className: "op:Transpose", config: { axes } });
    return edit.call(name, ["layer" in of ? { ref: of } : of]);
  };
  edit.replaceCalls(layer.name, (call) => {
    const [x, ...rest] = call.args;
    const { mask, ...kwargs } = call.kwargs;
    const hasMask = mask !== undefined && "ref" in mask;
    const y = edit.call(layer.name, [{ ref: swapped(x!, AXES) }, ...rest], {
      ...kwargs,
      ...(hasMask && { mask: { ref: swapped(mask, [1, 0]) } }),
    });
    return new Map(
      Array.from({ length: 8 }, (_, tensor): [number, TensorRef] => {
        const isSequence = sequences && tensor < (pair ? 2 : 1);
        return [tensor, isSequence ? swapped({ ...y, tensor }, AXES) : { ...y, tensor }];
      }),
    );
  });
  for (const direction of inner) direction.config["timeMajor"] = false;
}
