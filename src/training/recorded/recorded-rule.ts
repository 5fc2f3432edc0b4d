import { UnsupportedLayerError } from "../../errors.ts";
import type { CallArgument, Layer } from "../../layers/layer.ts";
import { type PlanBuffer, type Value, withMask } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import type { Rule, Step, Tape } from "../tape.ts";
import { RecordingPlanner } from "./recording-planner.ts";
import { Reverse } from "./reverse.ts";

/** A layer's weights as tensors of the plan. */
export type WeightValues = (name: string) => Value;

/**
 * A step whose way back follows from the tensor operations that it is made of.
 *
 * @param owned - Names of the layer's weights that it uses, or the layers all of whose weights it may use by their names.
 * @param plan - Appends the operations and gives the outputs; called once.
 * @throws {UnsupportedLayerError} If an operation has no gradient.
 */
export function recordedStep(
  tape: Tape,
  layer: Layer,
  inputs: readonly Value[],
  owned: readonly string[] | readonly Layer[],
  plan: (weight: WeightValues) => readonly Value[],
): Step {
  const { p } = tape;
  if (!(p instanceof RecordingPlanner)) throw new TypeError("the plan is not recorded");
  const weights = owned.flatMap((item) =>
    typeof item === "string"
      ? [ownWeight(tape, layer, item)]
      : item.weights.map(({ name }) => ownWeight(tape, item, name)),
  );
  const values = new Map(
    weights.flatMap(({ owner, name, value }) => (owner === layer ? [[name, value] as const] : [])),
  );
  const own = new Map<object, Map<unknown, PlanBuffer>>();
  for (const { owner, name, value } of weights) {
    if (!own.has(owner)) own.set(owner, new Map());
    for (const key of [name, `custom:${name}`, `${name}:plain`]) own.get(owner)!.set(key, value.buffer);
  }
  const { made: outputs, calls } = p.record(() => plan((name) => values.get(name)!), own);
  for (const { owner, name, value } of weights) {
    const isUsed = typeof owned[0] === "string" || p.hasAskedFor(value);
    if (isUsed || !tape.parameters.find(owner, name)?.trains) continue;
    throw new UnsupportedLayerError(
      `${owner} cannot be trained here: its weight ${name} does not enter its operations as it is. \`weightOf\` takes it so.`,
    );
  }
  if (!tape.training) return { outputs, backward: () => [] };
  const wanted = [...inputs, ...weights.map(({ value }) => value)];
  const reverse = new Reverse(tape, String(layer), calls, wanted);
  return {
    outputs,
    backward(gradients) {
      const all = reverse.run(outputs, gradients, wanted);
      weights.forEach(({ owner, name }, i) => {
        const given = all[inputs.length + i];
        const sink = given && tape.addingSink(owner, name);
        if (sink) tape.emit("addTo", { y: sink, a: sink, b: given, count: sizeOf(given.shape) });
      });
      return all.slice(0, inputs.length);
    },
  };
}

function ownWeight(tape: Tape, owner: Layer, name: string): { owner: Layer; name: string; value: Value } {
  const place = tape.needWeight(owner, name);
  return { owner, name, value: { ...place, shape: owner.needWeight(name).shape, dtype: "float32" } };
}

/**
 * Layers whose plan is made of tensor operations: operation nodes, Dot, padding, the user's own and the like. Their
 * weights, if they have any, must enter it as plain numbers under their own names.
 */
export const recordedRule: Rule = (tape, layer, inputs, call) => {
  const distinct = new DistinctInputs(tape, inputs);
  const own = { ...call, ...(call.args && { args: call.args.map((arg) => distinct.argument(arg)) }) };
  const kwargs = call.kwargs && Object.entries(call.kwargs).map(([key, arg]) => [key, distinct.argument(arg)] as const);
  const named = kwargs ? { ...own, kwargs: Object.fromEntries(kwargs) } : own;
  return recordedStep(tape, layer, distinct.inputs, [layer], () => layer.plan(tape.p, distinct.inputs, named));
};

/** Inputs each in a buffer of its own: where two share one (the same value twice, a slice of the other), copies. */
export class DistinctInputs {
  readonly inputs: readonly Value[];
  readonly #copies = new Map<Value, Value[]>();

  constructor(tape: Tape, inputs: readonly Value[]) {
    const seen = new Set<Value["buffer"]>();
    this.inputs = inputs.map((x) => {
      const isFirst = !seen.has(x.buffer);
      seen.add(x.buffer);
      if (isFirst || x.dtype !== "float32") return this.#note(x, x);
      const y = tape.tensor(x.shape);
      tape.emit("copyBytes", { y, x, bytes: 4 * sizeOf(x.shape) });
      return this.#note(x, withMask(y, x.mask));
    });
  }

  #note(from: Value, to: Value): Value {
    this.#copies.set(from, [...(this.#copies.get(from) ?? []), to]);
    return to;
  }

  /** An argument of the call with the inputs in it replaced, in the order of the inputs. */
  argument(arg: CallArgument): CallArgument {
    if (typeof arg !== "object" || arg === null) return arg;
    const copies = this.#copies.get(arg as Value);
    if (copies) return copies.length > 1 ? copies.shift()! : copies[0]!;
    if (Array.isArray(arg)) return arg.map((item) => this.argument(item as CallArgument));
    return arg;
  }
}
