import type { LayerSpec } from "../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../model/graph-spec.ts";
import type { WriteLayer } from "./write-tree.ts";

/** Steps first and rows first, swapped. */
const AXES = [1, 0, 2];

/** A layer, or the pair inside a Bidirectional, that takes steps before rows. */
function recurrentLayers(layer: WriteLayer): readonly WriteLayer[] {
  return layer.className === "Bidirectional" ? layer.children.map((child) => child.layer) : [layer];
}

/**
 * Rewrites a model's copy for a Keras without `time_major`: the layer takes rows first between two transpositions. Where
 * a mask could come along, or states are kept, the layer stays as it is.
 */
export function transposeTimeMajor(model: WriteLayer): void {
  for (const child of model.children) if (child.layer.graph) transposeTimeMajor(child.layer);
  const graph = model.graph;
  if (!graph) return;
  const wanted = new Map(
    model.children
      .filter(({ layer }) => recurrentLayers(layer).some(({ config }) => config["timeMajor"] === true))
      .filter(({ layer }) => recurrentLayers(layer).every(({ config }) => config["stateful"] !== true))
      .map(({ layer }) => [layer.name, layer]),
  );
  if (wanted.size === 0) return;
  const specs: LayerSpec[] = [];
  const taken = new Set(graph.layers.map((layer) => layer.name));
  const operation = (): string => {
    let name = "rows_first";
    for (let n = 1; taken.has(name); n++) name = `rows_first_${n}`;
    taken.add(name);
    specs.push({ className: "op:Transpose", name, config: { axes: AXES }, trainable: true });
    return name;
  };
  const moved = new Map<string, TensorRef>();
  const counts = new Map<string, number>();
  const keyOf = ({ layer, call, tensor }: TensorRef) => JSON.stringify([layer, call, tensor]);
  const to = (ref: TensorRef): TensorRef => moved.get(keyOf(ref)) ?? ref;
  const transposed = (of: ArgSpec, calls: CallSpec[]): TensorRef => {
    const name = operation();
    calls.push({ layer: name, args: [of], kwargs: {} });
    return { layer: name, call: 0, tensor: 0 };
  };
  // Uses may come before what they use: first all new outputs, then the references.
  const added: CallSpec[] = [];
  const calls = graph.calls.map((call): CallSpec => {
    const index = counts.get(call.layer) ?? 0;
    counts.set(call.layer, index + 1);
    const layer = wanted.get(call.layer);
    if (!layer) return call;
    const [x, ...rest] = call.args;
    const inner = recurrentLayers(layer);
    if (inner[0]!.config["returnSequences"] === true) {
      const pair = layer.className === "Bidirectional" && layer.config["mergeMode"] === null;
      for (let tensor = 0; tensor < (pair ? 2 : 1); tensor++) {
        const ref = { layer: call.layer, call: index, tensor };
        moved.set(keyOf(ref), transposed({ ref }, added));
      }
    }
    return { ...call, args: [{ ref: transposed(x!, added) }, ...rest] };
  });
  const own = new Set(specs.map((spec) => spec.name));
  const arg = (value: ArgSpec): ArgSpec => {
    if ("ref" in value) return { ref: to(value.ref) };
    return "list" in value ? { list: value.list.map(arg) } : value;
  };
  const ends = new Set([...moved.values()].map((ref) => ref.layer));
  const rewired = [...calls, ...added].map((call) =>
    own.has(call.layer) && ends.has(call.layer)
      ? call
      : {
          ...call,
          args: call.args.map(arg),
          kwargs: Object.fromEntries(Object.entries(call.kwargs).map(([key, value]) => [key, arg(value)])),
        },
  );
  for (const layer of wanted.values()) for (const inner of recurrentLayers(layer)) inner.config["timeMajor"] = false;
  for (const spec of specs) {
    const layer: WriteLayer = { ...spec, config: { ...spec.config }, weights: [], children: [] };
    (model.children as { path: string; layer: WriteLayer }[]).push({ path: spec.name, layer });
  }
  model.graph = {
    ...graph,
    layers: [...graph.layers, ...specs],
    calls: rewired,
    outputs: graph.outputs.map(to),
  } satisfies GraphSpec;
}
