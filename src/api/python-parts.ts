import { UnsupportedLayerError } from "../errors.ts";
import type { ParsedModel } from "../formats/read-model.ts";
import { COMPANIONS } from "../layers/companions.ts";
import type { Json, LayerSpec } from "../layers/layer.ts";
import { type CustomObjects, LAYERS } from "../layers/registry.ts";
import { Skipped } from "../layers/skipped.ts";
import { collectRefs, orderCalls } from "../model/call-order.ts";
import { cutGraph } from "../model/cut-graph.ts";
import { GraphLayer } from "../model/graph-layer.ts";
import type { CallSpec, GraphSpec, TensorRef } from "../model/graph-spec.ts";

/** What {@link loadPart} is told. */
export interface PartOptions {
  readonly customObjects?: CustomObjects | undefined;
  readonly until?: string | readonly string[] | undefined;
}

type Build = (graph: GraphSpec, more: CustomObjects) => GraphLayer;

/**
 * Loads what can be loaded of a model that is Python code in part: layers that the caller gives by their own names, and
 * the part of the model up to the layers `until`.
 *
 * @throws {UnsupportedLayerError} If a layer that is needed is still not there. It names all of them and says what to do.
 */
export function loadPart(
  { graph, profile, weights }: Pick<ParsedModel, "graph" | "profile" | "weights">,
  options: PartOptions,
  build: Build,
): GraphLayer {
  const { customObjects = {}, until } = options;
  const whole = withNamed(graph, customObjects);
  const part = until === undefined ? whole : cutGraph(whole, typeof until === "string" ? [until] : until);
  const lacking = part.layers.flatMap((spec) => unknownIn(spec, customObjects));
  if (lacking.length > 0) throw new UnsupportedLayerError(explain(part, lacking, profile.version));
  if (part === whole) {
    const root = build(whole, {});
    weights.assign(root);
    return root;
  }
  const all = build(
    { ...whole, layers: whole.layers.map((spec) => skip(spec, part, customObjects)) },
    { [SKIPPED]: Skipped },
  );
  weights.assign(all);
  const spec = { className: part.className, name: part.name, config: {}, trainable: true, graph: part };
  return new GraphLayer(spec, { profile, create: (inner) => all.layer(inner.name)! });
}

/** Layers that are functions of the author's, each another. */
const FUNCTIONS: ReadonlySet<string> = new Set(["Activation", "Lambda", "Merge"]);

const SKIPPED = "rnn-wasm>Skipped";

/** A layer that is not needed and cannot be made as one that does nothing; any other as it is. */
function skip(spec: LayerSpec, part: GraphSpec, customObjects: CustomObjects): LayerSpec {
  const needed = part.layers.some((layer) => layer.name === spec.name);
  if (needed || unknownIn(spec, customObjects).length === 0) return spec;
  const { graph: _, ...rest } = spec;
  return { ...rest, className: SKIPPED };
}

const short = (className: string): string => className.slice(className.indexOf(">") + 1);

function isKnown({ className, graph }: LayerSpec, customObjects: CustomObjects): boolean {
  const names = [className, short(className)];
  if (graph || className.startsWith("op:") || names.some((name) => Object.hasOwn(customObjects, name))) return true;
  return Object.hasOwn(LAYERS, className) || Object.hasOwn(COMPANIONS, className);
}

/** Layers of unknown classes get the caller's layer of their own name, where there is one. */
function withNamed(graph: GraphSpec, customObjects: CustomObjects): GraphSpec {
  const named = (spec: LayerSpec): LayerSpec => {
    if (spec.graph) return { ...spec, graph: withNamed(spec.graph, customObjects) };
    if (!isKnown(spec, customObjects) && Object.hasOwn(customObjects, spec.name)) {
      return { ...spec, className: spec.name };
    }
    const inner = spec.config["layer"];
    return isSpec(inner) ? { ...spec, config: { ...spec.config, layer: named(inner) as unknown as Json } } : spec;
  };
  return { ...graph, layers: graph.layers.map(named) };
}

function isSpec(value: unknown): value is LayerSpec {
  return typeof value === "object" && value !== null && "className" in value && "config" in value && "name" in value;
}

/** The layers and cells of unknown classes in a layer, itself among them. */
function unknownIn(spec: LayerSpec, customObjects: CustomObjects): LayerSpec[] {
  if (spec.graph) return spec.graph.layers.flatMap((inner) => unknownIn(inner, customObjects));
  if (!isKnown(spec, customObjects)) return [spec];
  const { layer, backwardLayer, cell, cells } = spec.config;
  return [layer, backwardLayer, cell, cells]
    .flat()
    .flatMap((inner) => (isSpec(inner) ? unknownIn(inner, customObjects) : []));
}

function explain(graph: GraphSpec, lacking: readonly LayerSpec[], version: string): string {
  const first = lacking[0]!;
  const shown = lacking.slice(0, 5).map((spec) => `${short(spec.className)} (layer "${spec.name}")`);
  const more = lacking.length > 5 ? ` and ${lacking.length - 5} more` : "";
  const key = FUNCTIONS.has(short(first.className)) ? first.name : short(first.className);
  const custom = `loadModel(source, { customObjects: { ${JSON.stringify(key)}: MyLayer } })`;
  const before = layersBefore(graph, new Set(lacking.map((spec) => spec.name)));
  const until = before.length === 1 ? JSON.stringify(before[0]) : JSON.stringify(before);
  const cut =
    before.length > 0
      ? ` Or load the model without what comes from there on: loadModel(source, { until: ${until} }), on the command line ${before.map((name) => `--until ${name}`).join(" ")}.`
      : "";
  const era = version ? ` (Keras ${version})` : "";
  return `The model${era} has layers that are Python code or of classes that rnn-wasm does not have: ${shown.join(", ")}${more}. Python code in model files is never run. Give a TypeScript layer by class or by the layer's own name: ${custom}.${cut}`;
}

/** The layers, other than inputs, whose outputs the first call of one of the given layers takes. */
function layersBefore(graph: GraphSpec, names: ReadonlySet<string>): readonly string[] {
  const inputs = new Set(graph.inputs.map((ref) => ref.layer));
  const holds = (layer: string): boolean => names.has(layer) || unknownInside(graph, layer, names);
  const call = orderCalls(graph).find((candidate) => holds(candidate.layer));
  return call ? [...new Set(refsOf(call).map((ref) => ref.layer))].filter((layer) => !inputs.has(layer)) : [];
}

/** True if a nested model or a wrapper holds one of the named layers. */
function unknownInside(graph: GraphSpec, layer: string, names: ReadonlySet<string>): boolean {
  const spec = graph.layers.find((candidate) => candidate.name === layer);
  return spec !== undefined && unknownIn(spec, {}).some((inner) => names.has(inner.name));
}

function refsOf(call: CallSpec): readonly TensorRef[] {
  const refs: TensorRef[] = [];
  for (const arg of [...call.args, ...Object.values(call.kwargs)]) collectRefs(arg, refs);
  return refs;
}
