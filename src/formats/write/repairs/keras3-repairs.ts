import type { Json } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";
import { classToPath } from "../../keras/names.ts";
import { everyLayer, type WriteLayer } from "../write-tree.ts";
import type { Refusal } from "./carry-over.ts";

/** Layers that Keras 3 no longer has, where they could not be rewritten: inside wrappers. */
const GONE =
  /^(Highway|MaxoutDense|SReLU|ParametricSoftplus|LocallyConnected[12]D|PeepholeLSTMCell|Random(Height|Width))$/;

/** Rewrites a model's copy where Keras 3 wants other words for the same thing, and refuses what it has no words for. */
export function repairForKeras3(root: WriteLayer, refuse: Refusal, notes: string[]): void {
  const masked = [...everyLayer(root)].some(({ className, config }) => makesMask(className, config));
  for (const layer of everyLayer(root)) {
    if (layer.graph) renameLayers(layer, masked, notes);
    // Outermost models and layers inside wrappers; nobody refers to these by name.
    layer.name = layer.name.replaceAll("/", "_");
    repairLayer(layer, refuse);
    if (masked) refuseMasks(layer, refuse);
  }
}

/** True for layers that masks start at. */
export function makesMask(className: string, config: Readonly<Record<string, Json>>): boolean {
  return className === "Masking" || config["maskZero"] === true;
}

function repairLayer(layer: WriteLayer, refuse: Refusal): void {
  const { className, config } = layer;
  if (GONE.test(className)) refuse(layer, "Keras 3 has no such layer");
  if (className === "ThresholdedReLU") {
    // x > theta there, x >= threshold here: they part at x = theta alone.
    layer.className = "ReLU";
    layer.config = { threshold: config["theta"] ?? 1 };
  }
  if (className === "BatchNormalization") {
    const { axis, mode } = config;
    if (Array.isArray(axis)) config["axis"] = axis.length === 1 ? axis[0]! : -1;
    if (mode === 1 || mode === 2) refuse(layer, `mode ${mode} of Keras 1 normalises by each batch's own statistics`);
  }
  if (className.startsWith("op:tf.")) refuse(layer, "Keras 3 has no such operation");
  if (className === "op:Shape") refuse(layer, "a shape read as a tensor has no operation node in Keras 3");
  if (className === "RNN" && config["stateful"] === true && layer.children[0]?.layer.className === "StackedRNNCells") {
    refuse(layer, "Keras 3 cannot keep the states of stacked cells between calls");
  }
}

/** What becomes of masks in wrappers, where Keras 3 leaves no choice. */
function refuseMasks(layer: WriteLayer, refuse: Refusal): void {
  const inner = layer.children[0]?.layer;
  if (!inner) return;
  if (
    layer.className === "Bidirectional" &&
    inner.config["zeroOutputForMask"] === true &&
    inner.config["returnSequences"] !== true
  ) {
    refuse(layer, "its last output is zero where the last step is masked, and Keras 3 repeats the output before");
  }
  if (layer.className === "TimeDistributed" && isRecurrent(inner)) {
    refuse(layer, "Keras 3 cannot hand a mask on to a recurrent layer inside TimeDistributed");
  }
}

/** True for layers that read a mask step by step. */
export function isRecurrent(layer: WriteLayer): boolean {
  return ["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"].includes(layer.className);
}

/** Keras 3 takes no "/" in names, nor a name that it gives to an operation of its own. */
function renameLayers(model: WriteLayer, masked: boolean, notes: string[]): void {
  const graph = model.graph!;
  const taken = new Set(model.children.map((child) => child.layer.name));
  const renamed = new Map<string, string>();
  const operations = new Set(
    model.children.flatMap(({ layer: { className, config } }) =>
      className.startsWith("op:") && Object.keys(config).length > 0 ? [classToPath(className.slice(3))] : [],
    ),
  );
  if (masked) operations.add("concatenate");
  for (const { layer } of model.children) {
    const { name, className } = layer;
    const isOp = className.startsWith("op:");
    // Keras 3 names operations that take no name in a file, and the one that joins masks, by their class.
    const isMerge = !isOp && operations.has(name.replace(/_\d+$/, ""));
    if (!name.includes("/") && !isOp && !isMerge) continue;
    // Keras names the masks that it derives like operations: these must not meet ours.
    let next = name.replaceAll("/", "_") + (isOp ? "_op" : isMerge ? "_layer" : "");
    while (taken.has(next)) next += "_";
    taken.add(next);
    renamed.set(name, next);
    const why = isMerge ? "Keras 3 gives that name to an operation" : 'Keras 3 takes no "/" in names';
    if (!isOp) notes.push(`The layer "${name}" is called "${next}": ${why}.`);
  }
  if (renamed.size === 0) return;
  const to = (name: string): string => renamed.get(name) ?? name;
  const ref = (tensor: TensorRef): TensorRef => ({ ...tensor, layer: to(tensor.layer) });
  const arg = (value: ArgSpec): ArgSpec => {
    if ("ref" in value) return { ref: ref(value.ref) };
    return "list" in value ? { list: value.list.map(arg) } : value;
  };
  const call = ({ layer, args, kwargs }: CallSpec): CallSpec => ({
    layer: to(layer),
    args: args.map(arg),
    kwargs: Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, arg(value)])),
  });
  for (const child of model.children) child.layer.name = to(child.layer.name);
  model.graph = {
    ...graph,
    layers: graph.layers.map((layer) => ({ ...layer, name: to(layer.name) })),
    calls: graph.calls.map(call),
    inputs: graph.inputs.map(ref),
    outputs: graph.outputs.map(ref),
  } satisfies GraphSpec;
}
