import type { ArgSpec, TensorRef } from "../../../model/graph-spec.ts";
import { childAt, type WriteLayer } from "../write-tree.ts";
import { GraphEdit, tensorsOf } from "./graph-edit.ts";

const MERGE_LAYERS: Readonly<Record<string, string>> = {
  concat: "Concatenate",
  sum: "Add",
  mul: "Multiply",
  ave: "Average",
};

/**
 * Writes Bidirectional layers as what they are made of: two recurrent layers, the second one's sequence turned around,
 * and a merge.
 *
 * @param wanted - Which ones.
 * @param zeroes - Their Keras puts zeros where a sequence of outputs is masked.
 */
export function splitBidirectional(model: WriteLayer, wanted: (layer: WriteLayer) => boolean, zeroes: boolean): void {
  if (!model.children.some(({ layer }) => layer.className === "Bidirectional" && wanted(layer))) return;
  const edit = new GraphEdit(model);
  for (const layer of [...edit.layers])
    if (layer.className === "Bidirectional" && wanted(layer)) split(edit, layer, zeroes);
  edit.commit();
}

function split(edit: GraphEdit, layer: WriteLayer, zeroes: boolean): void {
  const pair = (["forwardLayer", "backwardLayer"] as const).map((path) => childAt(layer, path)!);
  const sequences = pair[0]!.config["returnSequences"] === true;
  for (const direction of pair) {
    if (zeroes && sequences) direction.config["zeroOutputForMask"] = true;
    if (edit.layers.some((other) => other.name === direction.name)) direction.name = edit.freeName(direction.name);
    edit.adopt(direction, layer.name);
  }
  const mode = layer.config["mergeMode"] === undefined ? "concat" : layer.config["mergeMode"];
  const merge =
    typeof mode === "string"
      ? edit.add(
          layer.name,
          { className: MERGE_LAYERS[mode]!, config: mode === "concat" ? { axis: -1 } : {} },
          layer.name,
        )
      : undefined;
  edit.replaceCalls(layer.name, (call) => {
    const [x, ...more] = tensorsOf(call.args);
    const { initialState, ...kwargs } = call.kwargs;
    const states = initialState ? tensorsOf([initialState]) : more;
    const half = Math.floor(states.length / 2);
    const run = (direction: WriteLayer, own: readonly TensorRef[]): TensorRef =>
      edit.call(direction.name, [{ ref: x! }], {
        ...kwargs,
        ...(own.length > 0 && { initialState: { list: own.map((ref): ArgSpec => ({ ref })) } }),
      });
    const a = run(pair[0]!, states.slice(0, half));
    const b = run(pair[1]!, states.slice(half));
    const turned = sequences ? edit.op("Flip", [b], { axis: 1 }) : b;
    const merged = merge ? [edit.call(merge, [{ list: [{ ref: a }, { ref: turned }] }])] : [a, turned];
    const after = [a, b].flatMap((ref, i) =>
      Array.from({ length: stateCount(pair[i]!) }, (_, n): TensorRef => ({ ...ref, tensor: n + 1 })),
    );
    return new Map([...merged, ...after].map((ref, i) => [i, ref]));
  });
  edit.remove(layer.name);
}

/** How many states a call of a recurrent layer puts out. */
function stateCount(layer: WriteLayer): number {
  return layer.config["returnState"] === true ? statesOf(layer) : 0;
}

/** How many states a recurrent layer or cell has. */
export function statesOf({ className, children }: WriteLayer): number {
  if (/LSTM/.test(className)) return 2;
  if (className !== "RNN" && className !== "StackedRNNCells") return 1;
  return children.reduce((sum, child) => sum + statesOf(child.layer), 0);
}
