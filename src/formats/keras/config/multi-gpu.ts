import type { LayerSpec } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";
import { isObject } from "../safe-json.ts";
import { type ConfigContext, note } from "./context.ts";

/**
 * What `multi_gpu_model` makes of a model is the model alone, where nothing is computed in parts: the batch is cut by
 * Lambda layers (their arguments say so: part i of so many), each part goes through the one model, and the results are
 * joined along the batch. Any other graph comes back as it is.
 */
export function withoutReplicas(graph: GraphSpec, context: ConfigContext): GraphSpec {
  const slices = new Map(graph.layers.flatMap((spec) => (partOf(spec) ? [[spec.name, partOf(spec)!] as const] : [])));
  const [first] = slices.values();
  if (!first) return graph;
  const callsOf = (name: string): readonly CallSpec[] => graph.calls.filter((call) => call.layer === name);
  const source = (ref: TensorRef): TensorRef | undefined => soleRef(callsOf(ref.layer)[0]);
  const model = graph.layers.find((spec) => spec.graph && callsOf(spec.name).length === first.parts);
  if (!model) return graph;
  const calls = callsOf(model.name);
  const inputs = calls.map((call, i) =>
    refs(call.args).map((ref) => (slices.get(ref.layer)?.i === i ? source(ref) : undefined)),
  );
  const outputs = graph.outputs.map((ref) => joined(graph, ref, model.name, calls.length));
  const same = inputs.every((list) => JSON.stringify(list) === JSON.stringify(inputs[0]));
  if (!same || inputs[0]!.includes(undefined) || outputs.includes(undefined)) return graph;
  note(context, `The model "${graph.name}" is multi_gpu_model's of "${model.name}": it is read as that model.`);
  const kept = new Set([model.name, ...graph.inputs.map((ref) => ref.layer)]);
  const args = (inputs[0] as TensorRef[]).map((ref): ArgSpec => ({ ref }));
  return {
    ...graph,
    layers: graph.layers.filter((spec) => kept.has(spec.name)),
    calls: [
      ...graph.inputs.flatMap((ref) => callsOf(ref.layer)),
      { layer: model.name, args: args.length === 1 ? args : [{ list: args }], kwargs: {} },
    ],
    outputs: outputs as TensorRef[],
  };
}

/** Which part of how many a Lambda cuts out of the batch. */
function partOf({ className, config }: LayerSpec): { i: number; parts: number } | undefined {
  const given = config["arguments"];
  if (className !== "Lambda" || !isObject(given) || Object.keys(given).sort().join() !== "i,parts") return undefined;
  const { i, parts } = given;
  return typeof i === "number" && typeof parts === "number" ? { i, parts } : undefined;
}

/** The output of the model that a Concatenate puts together along the batch, if it does just that. */
function joined(graph: GraphSpec, ref: TensorRef, model: string, parts: number): TensorRef | undefined {
  const spec = graph.layers.find((layer) => layer.name === ref.layer);
  const list = refs(graph.calls.find((call) => call.layer === ref.layer)?.args ?? []);
  if (spec?.className !== "Concatenate" || spec.config["axis"] !== 0 || list.length !== parts) return undefined;
  const { tensor } = list[0]!;
  const fits = list.every((part, i) => part.layer === model && part.call === i && part.tensor === tensor);
  return fits ? { layer: model, call: 0, tensor } : undefined;
}

function refs(args: readonly ArgSpec[]): readonly TensorRef[] {
  return args.flatMap((arg) => ("ref" in arg ? [arg.ref] : "list" in arg ? refs(arg.list) : []));
}

function soleRef(call: CallSpec | undefined): TensorRef | undefined {
  const list = refs(call?.args ?? []);
  return list.length === 1 ? list[0] : undefined;
}
