import { OptionError } from "../../errors.ts";
import type { Json, LayerSpec } from "../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec } from "../../model/graph-spec.ts";
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

/** A chain of layers. The first one is an `input(...)`, an embedding, or has `inputShape`. */
export function sequentialGraph(layers: readonly (LayerDraft | SymbolicTensor)[], name: string): GraphSpec {
  const [first] = layers;
  if (!first) throw new OptionError("sequential([...]) needs at least one layer.");
  const drafts = layers.map((item) => (typeof item === "function" ? item : item.draft));
  const all = drafts[0]!.className === "InputLayer" ? drafts : [firstInput(drafts[0]!), ...drafts];
  if (new Set(all).size !== all.length) throw new OptionError("sequential([...]) lists a layer twice.");
  const names = new Names();
  const specs = all.map((item) => names.spec(item));
  const calls = specs.map((spec, i): CallSpec => {
    const before = specs[i - 1];
    return { layer: spec.name, args: before ? [{ ref: { layer: before.name, call: 0, tensor: 0 } }] : [], kwargs: {} };
  });
  const refTo = (spec: LayerSpec) => [{ layer: spec.name, call: 0, tensor: 0 }];
  return {
    name,
    className: "Sequential",
    layers: specs,
    calls,
    inputs: refTo(specs[0]!),
    outputs: refTo(specs.at(-1)!),
  };
}

function firstInput(first: LayerDraft): LayerDraft {
  const { config, className } = first;
  const given = config["inputShape"];
  if (Array.isArray(given)) return input(given as number[], { dtype: "float32" }).draft;
  if (className === "Embedding") {
    const length = config["inputLength"];
    return input([typeof length === "number" ? length : null], { dtype: "int32" }).draft;
  }
  throw new OptionError(
    `The first layer (${className}) does not say what it takes: begin with input([timesteps, features]) or give it { inputShape: [timesteps, features] }.`,
  );
}

/** A graph from symbolic tensors. */
export function functionalGraph(
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
  name: string,
): GraphSpec {
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
  return {
    name,
    className: "Functional",
    layers: order.map((made) => specs.get(made)!),
    calls,
    inputs: inputs.map(ref),
    outputs: outputs.map(ref),
  };
}

function sources(call: LayerDraft["calls"][number]): readonly SymbolicTensor[] {
  const { initialState, mask } = call.options;
  const states = initialState ? (Array.isArray(initialState) ? initialState : [initialState as SymbolicTensor]) : [];
  return [...call.inputs, ...(states as readonly SymbolicTensor[]), ...(mask ? [mask] : [])];
}
