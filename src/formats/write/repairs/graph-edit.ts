import type { Json, LayerSpec } from "../../../layers/layer.ts";
import { callKey } from "../../../model/call-order.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";
import { everyLayer, type WriteLayer, type WriteWeight } from "../write-tree.ts";

/** What a new layer is made of; its name is found by {@link GraphEdit.add}. */
export interface NewLayer {
  readonly className: string;
  readonly config?: Readonly<Record<string, Json>>;
  readonly weights?: readonly WriteWeight[];
  readonly children?: WriteLayer["children"];
  readonly trainable?: boolean;
}

/** A call of the graph with its number among its layer's calls. */
export interface NumberedCall extends CallSpec {
  readonly index: number;
}

/** What a call's outputs become: for each output a tensor, by the output's number. */
export type Replacement = ReadonlyMap<number, TensorRef>;

/** Numbers of new calls while a graph is edited: they must not be taken for those that are there. */
const FRESH = 1 << 24;

/**
 * Rewrites the graph of a model's copy. References to calls that are replaced mean what takes their place once the edit
 * is committed; references to new calls are what `call` returned.
 */
export class GraphEdit {
  readonly model: WriteLayer;
  readonly #graph: GraphSpec;
  readonly #layers: WriteLayer[];
  readonly #removed = new Set<string>();
  readonly #calls: { call: NumberedCall; key: string }[];
  readonly #replaced = new Map<string, TensorRef>();
  readonly #taken: Set<string>;
  #added = 0;

  constructor(model: WriteLayer) {
    this.model = model;
    this.#graph = model.graph!;
    this.#layers = model.children.map((child) => child.layer);
    // Weights are stored by name: names inside wrappers count, too.
    this.#taken = new Set([...everyLayer(model)].map((layer) => layer.name));
    const counts = new Map<string, number>();
    this.#calls = this.#graph.calls.map((call) => {
      const index = counts.get(call.layer) ?? 0;
      counts.set(call.layer, index + 1);
      return { call: { ...call, index }, key: callKey(call.layer, index) };
    });
  }

  /** The layers as they are now. */
  get layers(): readonly WriteLayer[] {
    return this.#layers;
  }

  /** The calls as they are now, new ones last. */
  get calls(): readonly NumberedCall[] {
    return this.#calls.map((item) => item.call);
  }

  layer(name: string): WriteLayer {
    return this.#layers.find((layer) => layer.name === name)!;
  }

  /** A name that no layer has. */
  freeName(wanted: string): string {
    let name = wanted;
    for (let n = 1; this.#taken.has(name); n++) name = `${wanted}_${n}`;
    this.#taken.add(name);
    return name;
  }

  /** Adds a layer before another one, or at the end; its name, which begins as wanted. */
  add(name: string, { className, config, weights, children, trainable }: NewLayer, before?: string): string {
    const free = this.freeName(name);
    const layer: WriteLayer = {
      className,
      name: free,
      config: { ...config },
      trainable: trainable ?? true,
      weights: [...(weights ?? [])],
      children: children ?? [],
    };
    const at = this.#layers.findIndex((other) => other.name === before);
    this.#layers.splice(at < 0 ? this.#layers.length : at, 0, layer);
    return free;
  }

  /** Takes a layer over that is made already, under its own name. */
  adopt(layer: WriteLayer, before?: string): void {
    this.#taken.add(layer.name);
    const at = this.#layers.findIndex((other) => other.name === before);
    this.#layers.splice(at < 0 ? this.#layers.length : at, 0, layer);
  }

  /** Calls a layer once more; its first output. */
  call(layer: string, args: readonly ArgSpec[], kwargs: CallSpec["kwargs"] = {}): TensorRef {
    const index = FRESH + this.#added++;
    this.#calls.push({ call: { layer, args, kwargs, index }, key: callKey(layer, index) });
    return { layer, call: index, tensor: 0 };
  }

  /** A new operation node and its output. */
  op(name: string, args: readonly (ArgSpec | TensorRef | number)[], config: Readonly<Record<string, Json>> = {}) {
    const layer = this.add(name.toLowerCase(), { className: `op:${name}`, config });
    return this.call(layer, args.map(asArg));
  }

  /** A new layer of one input, called once. */
  apply(name: string, layer: NewLayer, x: ArgSpec | TensorRef, before?: string): TensorRef {
    return this.call(this.add(name, layer, before), [asArg(x)]);
  }

  /** Removes a layer of the graph. Its calls must be replaced. */
  remove(name: string): void {
    this.#removed.add(name);
  }

  /**
   * Puts other tensors in the place of each call's outputs.
   *
   * @param make - From a call to what its outputs become; undefined leaves the call as it is.
   */
  replaceCalls(layer: string, make: (call: NumberedCall) => Replacement | undefined): void {
    for (const { call, key } of [...this.#calls]) {
      if (call.layer !== layer || call.index >= FRESH) continue;
      const outputs = make(call);
      if (!outputs) continue;
      this.#calls.splice(
        this.#calls.findIndex((item) => item.key === key),
        1,
      );
      for (const [tensor, ref] of outputs) this.#replaced.set(keyOf({ layer, call: call.index, tensor }), ref);
    }
  }

  /** True while a call is not replaced. */
  has({ layer, index }: Pick<NumberedCall, "layer" | "index">): boolean {
    return this.#calls.some(({ key }) => key === callKey(layer, index));
  }

  /** Changes a call's arguments, under the same number. */
  rewrite(call: Pick<NumberedCall, "layer" | "index">, change: Partial<Pick<CallSpec, "args" | "kwargs">>): void {
    const item = this.#calls.find(({ key }) => key === callKey(call.layer, call.index))!;
    item.call = { ...item.call, ...change };
  }

  /** Puts the edited graph into the model. */
  commit(): void {
    const names = new Set(this.#layers.filter((layer) => !this.#removed.has(layer.name)).map((layer) => layer.name));
    const kept = this.#calls.filter(({ call }) => names.has(call.layer));
    const counts = new Map<string, number>();
    const numbers = new Map<string, number>();
    for (const { call, key } of kept) {
      const index = counts.get(call.layer) ?? 0;
      counts.set(call.layer, index + 1);
      numbers.set(key, index);
    }
    const to = (ref: TensorRef): TensorRef => {
      let end = ref;
      for (let next = this.#replaced.get(keyOf(end)); next; next = this.#replaced.get(keyOf(end))) end = next;
      return { ...end, call: numbers.get(callKey(end.layer, end.call)) ?? end.call };
    };
    const arg = (value: ArgSpec): ArgSpec => {
      if ("ref" in value) return { ref: to(value.ref) };
      return "list" in value ? { list: value.list.map(arg) } : value;
    };
    const layers = this.#layers.filter((layer) => names.has(layer.name));
    this.model.graph = {
      ...this.#graph,
      layers: layers.map(specOf),
      calls: kept.map(({ call }) => ({
        layer: call.layer,
        args: call.args.map(arg),
        kwargs: Object.fromEntries(Object.entries(call.kwargs).map(([key, value]) => [key, arg(value)])),
      })),
      inputs: this.#graph.inputs.map(to),
      outputs: this.#graph.outputs.map(to),
    };
    const children = this.model.children as { path: string; layer: WriteLayer }[];
    children.splice(0, children.length, ...layers.map((layer) => ({ path: layer.name, layer })));
  }
}

/** A layer as a graph lists it. */
function specOf({ className, name, config, trainable, graph }: WriteLayer): LayerSpec {
  return { className, name, config, trainable, ...(graph && { graph }) };
}

/** A tensor of the graph as a key of maps. */
export function keyOf({ layer, call, tensor }: TensorRef): string {
  return JSON.stringify([layer, call, tensor]);
}

/** A tensor, a number or an argument, as an argument. */
export function asArg(value: ArgSpec | TensorRef | number): ArgSpec {
  if (typeof value === "number") return { value };
  return "layer" in value ? { ref: value } : value;
}

/** The tensors among arguments, in order. */
export function tensorsOf(args: readonly ArgSpec[]): readonly TensorRef[] {
  return args.flatMap((arg) => ("ref" in arg ? [arg.ref] : "list" in arg ? tensorsOf(arg.list) : []));
}
