import { callKey } from "../../../model/call-order.ts";
import type { ArgSpec, TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import { GraphEdit, tensorsOf } from "./graph-edit.ts";

/**
 * Puts the layers of nested models into the graph around them, so that what crosses a model's border in Keras by itself,
 * masks above all, can be written down. Layers keep their weights and are shared as the model was.
 */
export function inlineModels(model: WriteLayer): void {
  for (const { layer } of model.children) if (layer.graph) inlineModels(layer);
  if (!model.children.some((child) => child.layer.graph)) return;
  const edit = new GraphEdit(model);
  for (const nested of [...edit.layers]) {
    if (!nested.graph) continue;
    const { graph } = nested;
    const names = new Map<string, string>();
    const inputs = new Set(graph.inputs.map((ref) => ref.layer));
    for (const { layer } of nested.children) {
      if (inputs.has(layer.name)) continue;
      const name = edit.freeName(`${nested.name}_${layer.name}`);
      names.set(layer.name, name);
      layer.name = name;
      edit.adopt(layer, nested.name);
    }
    edit.replaceCalls(nested.name, (call) => {
      const given = tensorsOf(call.args);
      const made = new Map<string, TensorRef>(
        graph.inputs.map((ref, i) => [callKey(ref.layer, ref.call), given[i]!] as const),
      );
      const counts = new Map<string, number>();
      const inner = graph.calls.filter((own) => names.has(own.layer));
      // Calls may refer to later ones: all get their places first.
      const placed = inner.map((own) => {
        const index = counts.get(own.layer) ?? 0;
        counts.set(own.layer, index + 1);
        const ref = edit.call(names.get(own.layer)!, []);
        made.set(callKey(own.layer, index), ref);
        return { own, ref };
      });
      const to = (ref: TensorRef): TensorRef => {
        const found = made.get(callKey(ref.layer, ref.call))!;
        return inputs.has(ref.layer) ? found : { ...found, tensor: ref.tensor };
      };
      const arg = (value: ArgSpec): ArgSpec => {
        if ("ref" in value) return { ref: to(value.ref) };
        return "list" in value ? { list: value.list.map(arg) } : value;
      };
      for (const { own, ref } of placed) {
        const kwargs = Object.fromEntries(Object.entries(own.kwargs).map(([key, value]) => [key, arg(value)]));
        edit.rewrite({ layer: ref.layer, index: ref.call }, { args: own.args.map(arg), kwargs });
      }
      return new Map(graph.outputs.map((ref, i) => [i, to(ref)]));
    });
    edit.remove(nested.name);
  }
  edit.commit();
}
