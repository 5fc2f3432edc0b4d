import { OptionError } from "../../errors.ts";
import type { Json, LayerSpec } from "../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec } from "../../model/graph-spec.ts";
import type { OpenShape, TensorLike } from "../../tensor.ts";
import { input, type LayerDraft, type SymbolicTensor } from "./draft.ts";

/** Keras' automatic name of a class: LSTM → lstm, SimpleRNN → simple_rnn, Conv1D → conv1d. */
function snake(className: string): string {
  return className
    .replace(/([a-z])([A-Z][a-z])/g, "$1_$2")
    .replace(/([a-z])(RNN)/g, "$1_$2")
    .toLowerCase();
}

/** A layer's description with a name for it and what it wraps. */
class Names {
  readonly #counts = new Map<string, number>();
  readonly #used = new Set<string>();

  of(className: string, given: string | undefined): string {
    if (given !== undefined) {
      if (this.#used.has(given)) throw new OptionError(`Two layers have the name "${given}".`);
      this.#used.add(given);
      return given;
    }
    const base = snake(className);
    const count = this.#counts.get(base) ?? 0;
    this.#counts.set(base, count + 1);
    const name = count === 0 ? base : `${base}_${count}`;
    return this.#used.has(name) ? this.of(className, undefined) : this.of(className, name);
  }

  spec({ className, config, layerName, trainable }: LayerDraft): LayerSpec {
    const name = this.of(className, layerName);
    return { className, name, config: { ...named(config as Record<string, Json>, this), name }, trainable };
  }
}

/** Wrapped layers get names, too. */
function named(config: Record<string, Json>, names: Names): Record<string, Json> {
  const one = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(one);
    if (typeof value !== "object" || value === null) return value;
    const record = value as Record<string, Json>;
    if (typeof record["className"] !== "string" || !("trainable" in record)) return value;
    const own = record["name"];
    return { ...record, name: names.of(record["className"], typeof own === "string" ? own : undefined) };
  };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, one(value)]));
}

/** A graph with what its layers bring beside their configs. */
export interface DraftedGraph {
  readonly graph: GraphSpec;
  /** Values to start from, by the layer's name. */
  readonly weights: ReadonlyMap<string, readonly TensorLike[]>;
  /** What was understood otherwise than written, each once. */
  readonly notes: readonly string[];
}

function drafted(graph: GraphSpec, named: readonly (readonly [LayerDraft, string])[]): DraftedGraph {
  const weights = named.flatMap(([{ weights: own }, name]) => (own ? [[name, own] as const] : []));
  return { graph, weights: new Map(weights), notes: [...new Set(named.flatMap(([{ notes }]) => notes))] };
}

/** The first layer's input if the layers say it: an `input(...)`, an embedding, or `inputShape`. */
export function declaredInput(layers: readonly (LayerDraft | SymbolicTensor)[]): OpenShape | undefined {
  const [first] = layers;
  if (!first) return undefined;
  const made = typeof first === "function" ? first : first.draft;
  return made.className === "InputLayer" ? (made.config["batchShape"] as OpenShape) : made.declared;
}

/**
 * A chain of layers. The first one is an `input(...)`, an embedding, has `inputShape`, or takes what `given` says.
 *
 * @param given - The input's shape with the batch, where the layers do not say it.
 */
export function sequentialGraph(
  layers: readonly (LayerDraft | SymbolicTensor)[],
  name: string,
  given?: OpenShape,
): DraftedGraph {
  const [first] = layers;
  if (!first) throw new OptionError("sequential([...]) needs at least one layer.");
  const drafts = layers.map((item) => (typeof item === "function" ? item : item.draft));
  const all = drafts[0]!.className === "InputLayer" ? drafts : [firstInput(drafts[0]!, given), ...drafts];
  if (new Set(all).size !== all.length) throw new OptionError("sequential([...]) lists a layer twice.");
  const names = new Names();
  const specs = all.map((item) => names.spec(item));
  const calls = specs.map((spec, i): CallSpec => {
    const before = specs[i - 1];
    return { layer: spec.name, args: before ? [{ ref: { layer: before.name, call: 0, tensor: 0 } }] : [], kwargs: {} };
  });
  const refTo = (spec: LayerSpec) => [{ layer: spec.name, call: 0, tensor: 0 }];
  const graph: GraphSpec = {
    name,
    className: "Sequential",
    layers: specs,
    calls,
    inputs: refTo(specs[0]!),
    outputs: refTo(specs.at(-1)!),
  };
  return drafted(
    graph,
    all.map((item, i) => [item, specs[i]!.name]),
  );
}

function firstInput(first: LayerDraft, given: OpenShape | undefined): LayerDraft {
  const { declared, className } = first;
  const dtype = className === "Embedding" ? "int32" : "float32";
  const open = declared?.includes(null) && className === "Embedding" && given;
  const shape = open ? given : (declared ?? given);
  if (shape) return input(shape.slice(1), { dtype, batchSize: shape[0] ?? null }).draft;
  throw new OptionError(
    `The first layer (${className}) does not say what it takes: begin with input([timesteps, features]), give it { inputShape: [timesteps, features] }, or call model.build([null, timesteps, features]).`,
  );
}

/** A graph from symbolic tensors. */
export function functionalGraph(
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
  name: string,
): DraftedGraph {
  const order: LayerDraft[] = [];
  const seen = new Set<LayerDraft>();
  const visit = (tensor: SymbolicTensor): void => {
    const { draft: made } = tensor;
    if (seen.has(made)) return;
    seen.add(made);
    for (const call of made.calls) for (const source of sources(call)) visit(source);
    order.push(made);
  };
  for (const tensor of [...inputs, ...outputs]) visit(tensor);
  const names = new Names();
  const specs = new Map(order.map((made) => [made, names.spec(made)]));
  const given = new Set(inputs.map((tensor) => tensor.draft));
  const lost = order.find((made) => made.className === "InputLayer" && !given.has(made));
  if (lost)
    throw new OptionError(
      `The outputs depend on the input "${specs.get(lost)!.name}", which \`inputs\` does not list.`,
    );
  const ref = ({ draft: made, call, tensor }: SymbolicTensor) => ({ layer: specs.get(made)!.name, call, tensor });
  const calls = order.flatMap((made): CallSpec[] => {
    const layer = specs.get(made)!.name;
    if (made.className === "InputLayer") return [{ layer, args: [], kwargs: {} }];
    return made.calls.map((call) => {
      const kwargs: Record<string, ArgSpec> = {};
      const { initialState, mask, useCausalMask } = call.options;
      if (initialState) {
        const states: readonly SymbolicTensor[] = Array.isArray(initialState)
          ? initialState
          : [initialState as SymbolicTensor];
        kwargs["initialState"] = { list: states.map((state) => ({ ref: ref(state) })) };
      }
      if (mask) kwargs["mask"] = { ref: ref(mask) };
      if (useCausalMask !== undefined) kwargs["useCausalMask"] = { value: useCausalMask };
      return { layer, args: call.inputs.map((tensor) => ({ ref: ref(tensor) })), kwargs };
    });
  });
  const graph: GraphSpec = {
    name,
    className: "Functional",
    layers: order.map((made) => specs.get(made)!),
    calls,
    inputs: inputs.map(ref),
    outputs: outputs.map(ref),
  };
  return drafted(
    graph,
    order.map((made) => [made, specs.get(made)!.name]),
  );
}

function sources(call: LayerDraft["calls"][number]): readonly SymbolicTensor[] {
  const { initialState, mask } = call.options;
  const states = initialState ? (Array.isArray(initialState) ? initialState : [initialState as SymbolicTensor]) : [];
  return [...call.inputs, ...(states as readonly SymbolicTensor[]), ...(mask ? [mask] : [])];
}
