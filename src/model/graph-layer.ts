import { FormatError, ShapeError } from "../errors.ts";
import {
  type BuildContext,
  type CallArgument,
  type ChildLayer,
  Layer,
  type LayerCall,
  type LayerSpec,
} from "../layers/layer.ts";
import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { constant } from "../plan/tensor-ops.ts";
import { formatShape } from "../tensor.ts";
import { callKey, type OrderedCall, orderCalls, takeMasks } from "./call-order.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "./graph-spec.ts";
import { TfjsMasks } from "./tfjs-masks.ts";

/** True for a planned tensor among the arguments of a call. */
export function isValue(argument: unknown): argument is Value {
  return typeof argument === "object" && argument !== null && "buffer" in argument && "dtype" in argument;
}

/**
 * A model as a layer: it owns the graph's layers, calls them in order and hands on outputs and masks. A nested model is
 * one inside another.
 */
export class GraphLayer extends Layer {
  readonly graph: GraphSpec;
  /** The graph's layers in the file's order. */
  readonly layers: readonly Layer[];
  /** Called before each call of a layer while the graph is planned. */
  beforeCall: ((layer: Layer, inputs: readonly Value[]) => void) | undefined;
  /** Told of every call while the graph is planned: summaries learn shapes from it. */
  onCall: ((layer: string, outputs: readonly Value[], inputs: readonly Value[]) => void) | undefined;
  readonly #byName: ReadonlyMap<string, Layer>;
  readonly #calls: readonly OrderedCall[];

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    if (!spec.graph) throw new FormatError(`${this} has no graph.`);
    this.graph = spec.graph;
    this.layers = this.graph.layers.map((inner) => context.create(inner));
    // A layer of several models may be called otherwise in this one.
    this.#byName = new Map(this.graph.layers.map(({ name }, i) => [name, this.layers[i]!]));
    this.#calls = orderCalls(this.graph);
  }

  override get children(): readonly ChildLayer[] {
    return this.layers.map((layer, i) => ({ path: this.graph.layers[i]!.name, layer }));
  }

  /** A layer of this graph by name. */
  layer(name: string): Layer | undefined {
    return this.#byName.get(name);
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const { graph } = this;
    if (inputs.length !== graph.inputs.length) {
      const names = graph.inputs.map((ref) => ref.layer).join(", ");
      throw new ShapeError(`${this}: expected ${graph.inputs.length} inputs (${names}); got ${inputs.length}.`);
    }
    const values = new Map<string, readonly Value[]>();
    graph.inputs.forEach((ref, i) => {
      const mask = Array.isArray(call.mask) ? call.mask[i] : call.mask;
      const input = inputs[i]!;
      values.set(callKey(ref.layer, ref.call), [mask === undefined ? input : { ...input, mask: mask ?? undefined }]);
    });
    const masks = this.profile.era === "tfjs" ? new TfjsMasks() : undefined;
    for (const spec of this.#calls) {
      const outputs = this.#call(p, spec, values, masks);
      values.set(callKey(spec.layer, spec.index), outputs);
      takeMasks(this.#byName.get(spec.layer)!, spec, values);
    }
    return graph.outputs.map((ref) => this.#resolve(ref, values));
  }

  #resolve(ref: TensorRef, values: ReadonlyMap<string, readonly Value[]>): Value {
    const outputs = values.get(callKey(ref.layer, ref.call));
    const value = outputs?.[ref.tensor];
    if (value) return value;
    throw new FormatError(
      `${this}: the graph refers to output ${ref.tensor} of call ${ref.call} of layer "${ref.layer}", which has ${outputs ? `${outputs.length} outputs` : "no such call"}.`,
    );
  }

  #call(
    p: Planner,
    spec: CallSpec,
    values: ReadonlyMap<string, readonly Value[]>,
    masks: TfjsMasks | undefined,
  ): readonly Value[] {
    const layer = this.#byName.get(spec.layer)!;
    const args = spec.args.map((arg) => this.#argument(arg, values));
    const named = Object.entries(spec.kwargs).map(([key, arg]) => [key, this.#argument(arg, values)] as const);
    const inputs: Value[] = [];
    collectValues(args, inputs);
    const { initialState, constants, mask, ...kwargs } = Object.fromEntries(named) as Record<string, CallArgument>;
    const states = statesOf(p, layer, initialState);
    const extra: Value[] = [];
    collectValues(constants, extra);
    const call: LayerCall = {
      args,
      kwargs,
      ...(states.length > 0 && { initialState: states }),
      ...(extra.length > 0 && { constants: extra }),
      ...maskOf(mask),
    };
    const seen = masks?.before(layer, inputs, call) ?? { inputs, call };
    this.beforeCall?.(layer, seen.inputs);
    const outputs = planNamed(layer, p, seen.inputs, seen.call);
    this.onCall?.(spec.layer, outputs, inputs);
    return outputs;
  }

  #argument(arg: ArgSpec, values: ReadonlyMap<string, readonly Value[]>): CallArgument {
    if ("ref" in arg) return this.#resolve(arg.ref, values);
    if ("list" in arg) return arg.list.map((item) => this.#argument(item, values));
    return arg.value;
  }
}

/** Plans a call. What operations say of shapes, who know no layers, gets the layer and what it was given before it. */
function planNamed(layer: Layer, p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
  try {
    return layer.plan(p, inputs, call);
  } catch (error) {
    if (error instanceof ShapeError && !error.message.includes(`"${layer.name}"`)) {
      error.message = `${layer} of ${inputs.map((x) => formatShape(x.shape)).join(" and ")}: ${error.message}`;
    }
    throw error;
  }
}

function collectValues(argument: CallArgument | undefined, into: Value[]): void {
  if (isValue(argument)) into.push(argument);
  else if (Array.isArray(argument)) for (const item of argument) collectValues(item, into);
}

/** A constant initial state: [batch, units]. */
type ConstantState = readonly (readonly number[])[];

/** The initial states of a call, in order: tensors, or matrices that stand in the file. */
export function statesOf(p: Planner, owner: Layer, argument: CallArgument | undefined): readonly Value[] {
  if (isValue(argument)) return [argument];
  if (!Array.isArray(argument)) return [];
  const rows: readonly unknown[] = argument;
  const isMatrix = rows.every((row) => Array.isArray(row) && row.every((n) => typeof n === "number"));
  return isMatrix && rows.length > 0
    ? [constantState(p, owner, argument as ConstantState)]
    : argument.flatMap((item: CallArgument) => statesOf(p, owner, item));
}

function constantState(p: Planner, owner: Layer, state: ConstantState): Value {
  return constant(p, owner, JSON.stringify(state), state.flat(), [state.length, state[0]!.length]);
}

/** A mask argument is a tensor or a list of tensors; null in a file means "derive it". */
function maskOf(mask: CallArgument | undefined): Pick<LayerCall, "mask"> {
  if (isValue(mask)) return { mask };
  if (Array.isArray(mask) && mask.some(isValue)) return { mask: mask.map((item) => (isValue(item) ? item : null)) };
  return {};
}
