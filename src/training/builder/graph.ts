import { OptionError } from "../../errors.ts";
import type { Json, Layer, LayerSpec } from "../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec } from "../../model/graph-spec.ts";
import type { OpenShape, TensorLike } from "../../tensor.ts";
import { asDraft, input, type LayerDraft, type LayerLike, type ModelLayer, type SymbolicTensor } from "./draft.ts";

/** Keras' automatic name of a class: LSTM → lstm, SimpleRNN → simple_rnn, PReLU → p_re_lu (keras.src.utils.naming). */
function snake(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
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
    return this.of(className, this.#next(snake(className)));
  }

  /** The base itself, or with the next number that is free. */
  #next(base: string): string {
    const count = this.#counts.get(base) ?? 0;
    this.#counts.set(base, count + 1);
    const name = count === 0 ? base : `${base}_${count}`;
    return this.#used.has(name) ? this.#next(base) : name;
  }

  spec({ className, config, layerName, trainable, built }: LayerDraft): LayerSpec {
    if (built) {
      const isTaken = this.#used.has(built.name);
      const own = {
        className: built.className,
        name: this.of(className, isTaken ? this.#next(built.name) : built.name),
      };
      const graph = isGraph(built) ? { graph: built.graph } : {};
      return { ...own, config: built.config, trainable: built.trainable, ...graph };
    }
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
    const inner = record["config"];
    const isConfig = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    const config = isConfig ? { config: named(inner as Record<string, Json>, names) as Json } : undefined;
    return { ...record, ...config, name: names.of(record["className"], typeof own === "string" ? own : undefined) };
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
  /** The graph's layers, as they were described. */
  readonly drafts: readonly (readonly [LayerSpec, LayerDraft])[];
}

function drafted(graph: GraphSpec, drafts: readonly LayerDraft[]): DraftedGraph {
  const pairs = drafts.map((made, i) => [graph.layers[i]!, made] as const);
  const weights = pairs.flatMap(([{ name }, { weights: own, built }]) => (own && !built ? [[name, own] as const] : []));
  const notes = [...new Set(drafts.flatMap((made) => made.notes))];
  return { graph, weights: new Map(weights), notes, drafts: pairs };
}

/** An element of `sequential([...])`. */
export type SequentialItem = LayerLike | SymbolicTensor;

/** The description of an element. */
export function draftOf(item: SequentialItem): LayerDraft {
  return typeof item === "object" && item !== null && "draft" in item ? item.draft : asDraft(item);
}

/** The first layer's input if the layers say it: an `input(...)`, an embedding, or `inputShape`. */
export function declaredInput(layers: readonly SequentialItem[]): OpenShape | undefined {
  const [first] = layers;
  if (!first) return undefined;
  const made = draftOf(first);
  if ("inference" in first) return inputOf(first.inference.root.graph).config["batchShape"] as OpenShape;
  return made.className === "InputLayer" ? (made.config["batchShape"] as OpenShape) : made.declared;
}

/**
 * A chain of layers. The first one is an `input(...)`, an embedding, has `inputShape`, or takes what `given` says.
 *
 * @param given - The input's shape with the batch, where the layers do not say it.
 */
export function sequentialGraph(layers: readonly SequentialItem[], name: string, given?: OpenShape): DraftedGraph {
  const [first] = layers;
  if (!first) throw new OptionError("sequential([...]) needs at least one layer.");
  const drafts = layers.map(draftOf);
  for (const item of layers) if ("inference" in item) draftOf(item).built = item.inference.root;
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
  return drafted(graph, all);
}

function firstInput(first: LayerDraft, given: OpenShape | undefined): LayerDraft {
  const { declared, className, built } = first;
  if (built && isGraph(built)) return inputOf(built.graph);
  const dtype = className === "Embedding" ? "int32" : "float32";
  const open = declared?.includes(null) && className === "Embedding" && given;
  const shape = open ? given : (declared ?? given);
  if (shape) return input(shape.slice(1), { dtype, batchSize: shape[0] ?? null }).draft;
  throw new OptionError(
    `The first layer (${className}) does not say what it takes: begin with input([timesteps, features]), give it { inputShape: [timesteps, features] }, or call model.build([null, timesteps, features]).`,
  );
}

function isGraph(layer: Layer): layer is ModelLayer {
  return "graph" in layer;
}

/** An input like that of a nested model. */
function inputOf({ inputs, layers }: GraphSpec): LayerDraft {
  const { batchShape, dtype } = layers.find(({ name }) => name === inputs[0]!.layer)!.config;
  const [batchSize, ...shape] = batchShape as (number | null)[];
  return input(shape, { batchSize: batchSize ?? null, ...(typeof dtype === "string" && { dtype }) }).draft;
}

/** A graph from symbolic tensors. */
export function functionalGraph(
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
  name: string,
): DraftedGraph {
  const order: LayerDraft[] = [];
  /** Of each layer the calls that the outputs depend on: it may be called elsewhere, too, for another model. */
  const reached = new Map<LayerDraft, Set<number>>();
  const visit = ({ draft: made, call }: SymbolicTensor): void => {
    const known = reached.get(made);
    if (known?.has(call)) return;
    reached.set(made, (known ?? new Set()).add(call));
    const at = made.calls[call];
    if (at) for (const source of sources(at)) visit(source);
    if (!order.includes(made)) order.push(made);
  };
  for (const tensor of [...inputs, ...outputs]) {
    if (typeof tensor === "object" && tensor !== null && "draft" in tensor) visit(tensor);
    else throw new OptionError("functional takes tensors, input(…) and what layers give: dense(1)(x), not dense(1).");
  }
  const callsOf = (made: LayerDraft) => [...reached.get(made)!].sort((a, b) => a - b);
  const names = new Names();
  const specs = new Map(order.map((made) => [made, names.spec(made)]));
  const given = new Set(inputs.map((tensor) => tensor.draft));
  const lost = order.find((made) => made.className === "InputLayer" && !given.has(made));
  if (lost) {
    throw new OptionError(
      `The outputs depend on the input "${specs.get(lost)!.name}", which \`inputs\` does not list.`,
    );
  }
  const ref = ({ draft: made, call, tensor }: SymbolicTensor) => ({
    layer: specs.get(made)!.name,
    call: callsOf(made).indexOf(call),
    tensor,
  });
  const calls = order.flatMap((made): CallSpec[] => {
    const layer = specs.get(made)!.name;
    if (made.className === "InputLayer") return [{ layer, args: [], kwargs: {} }];
    return callsOf(made).map((index) => {
      const call = made.calls[index]!;
      const kwargs: Record<string, ArgSpec> = {};
      const { mask } = call.options;
      const { args, states } = argumentsOf(made.className, call);
      if (states.length > 0) kwargs["initialState"] = { list: states.map((state) => ({ ref: ref(state) })) };
      if (mask) kwargs["mask"] = { ref: ref(mask) };
      for (const key of ["useCausalMask", "returnAttentionScores"] as const) {
        if (call.options[key] !== undefined) kwargs[key] = { value: call.options[key] };
      }
      const refs = args.map((tensor): ArgSpec => ({ ref: ref(tensor) }));
      return { layer, args: refs.length > 1 && !SPREAD.test(made.className) ? [{ list: refs }] : refs, kwargs };
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
  return drafted(graph, order);
}

/** What Keras calls with several tensors side by side: operations, too. All others take them as one list. */
const SPREAD = /^(MultiHeadAttention$|op:)/;

const RECURRENT = /^((CuDNN)?(LSTM|GRU)|SimpleRNN|RNN|Bidirectional|ConvLSTM\dD)$/;

/** A call's inputs and the states that it begins with, which may stand behind the input: `lstm(8)([x, h, c])`. */
function argumentsOf(className: string, { inputs, options }: LayerDraft["calls"][number]) {
  const given = options.initialState ? [options.initialState].flat() : [];
  if (given.length > 0 || !RECURRENT.test(className)) return { args: inputs, states: given };
  return { args: inputs.slice(0, 1), states: inputs.slice(1) };
}

function sources(call: LayerDraft["calls"][number]): readonly SymbolicTensor[] {
  const { initialState, mask } = call.options;
  const states = initialState ? (Array.isArray(initialState) ? initialState : [initialState as SymbolicTensor]) : [];
  return [...call.inputs, ...(states as readonly SymbolicTensor[]), ...(mask ? [mask] : [])];
}
