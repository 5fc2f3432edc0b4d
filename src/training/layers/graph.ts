import { ShapeError } from "../../errors.ts";
import type { CallArgument, Layer, LayerCall } from "../../layers/layer.ts";
import { callKey, collectRefs, orderCalls, takeMasks } from "../../model/call-order.ts";
import { GraphLayer, isValue, statesOf } from "../../model/graph-layer.ts";
import type { ArgSpec, CallSpec, TensorRef } from "../../model/graph-spec.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Logits, Rule, Step, Tape } from "../tape.ts";

interface DoneCall {
  readonly key: string;
  readonly layer: Layer;
  /** Where the inputs, then the initial states, then the constants come from; undefined for numbers of the file. */
  readonly refs: readonly (TensorRef | undefined)[];
  readonly step: Step;
}

const keyOf = (ref: TensorRef): string => callKey(ref.layer, ref.call);
const slotOf = (ref: TensorRef): string => `${ref.tensor}@${keyOf(ref)}`;

/** A model, or one nested in another: its calls in order, and back. */
export const graphRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof GraphLayer)) throw new TypeError(`${layer} is no graph`);
  const { graph } = layer;
  if (inputs.length !== graph.inputs.length) {
    throw new ShapeError(`${layer}: expected ${graph.inputs.length} inputs; got ${inputs.length}.`);
  }
  const values = new Map<string, readonly Value[]>();
  const logits = new Map<string, Logits>();
  graph.inputs.forEach((ref, i) => {
    const mask = Array.isArray(call.mask) ? call.mask[i] : (call.mask as Value | null | undefined);
    const input = inputs[i]!;
    values.set(keyOf(ref), [mask === undefined ? input : { ...input, mask: mask ?? undefined }]);
  });
  const done: DoneCall[] = [];
  for (const spec of orderCalls(graph)) {
    const inner = layer.layer(spec.layer)!;
    const made = runCall(tape, inner, spec, values);
    const key = callKey(spec.layer, spec.index);
    values.set(key, made.step.outputs);
    takeMasks(inner, spec, values);
    if (made.step.logits) logits.set(key, made.step.logits);
    done.push({ ...made, key, layer: inner });
  }
  const outputs = graph.outputs.map((ref) => values.get(keyOf(ref))![ref.tensor]!);
  const allLogits = graph.outputs.map((ref) => (ref.tensor === 0 ? logits.get(keyOf(ref)) : undefined));
  return {
    outputs,
    logits: allLogits[0],
    allLogits,
    backward: (gradients, wanted, ofLogits) => {
      const needs = new Set(wanted ? graph.inputs.map(keyOf) : []);
      for (const { key, layer: inner, refs } of done) {
        if (tape.parameters.trains(inner) || refs.some((ref) => ref && needs.has(keyOf(ref)))) needs.add(key);
      }
      const sums = new Map<string, Value>();
      const logitSums = new Map<string, Value>();
      graph.outputs.forEach((ref, i) => {
        addGradient(tape, sums, ref, gradients[i]);
        addGradient(tape, logitSums, ref, ofLogits[i]);
      });
      for (const { key, refs, step } of done.toReversed()) {
        if (!needs.has(key)) continue;
        const own = step.outputs.map((_, i) => sums.get(`${i}@${key}`));
        const ownLogits = step.outputs.map((_, i) => logitSums.get(`${i}@${key}`));
        if ([...own, ...ownLogits].every((gradient) => gradient === undefined)) continue;
        const inputsWanted = refs.some((ref) => ref && needs.has(keyOf(ref)));
        const back = step.backward(own, inputsWanted, ownLogits);
        refs.forEach((ref, i) => {
          if (ref && needs.has(keyOf(ref))) addGradient(tape, sums, ref, back[i]);
        });
      }
      return graph.inputs.map((ref) => sums.get(slotOf(ref)));
    },
  } as GraphStep;
};

/** A graph's step knows the logits of every output. */
export interface GraphStep extends Step {
  readonly allLogits: readonly (Logits | undefined)[];
}

function addGradient(tape: Tape, sums: Map<string, Value>, ref: TensorRef, gradient: Value | undefined): void {
  if (!gradient) return;
  const slot = slotOf(ref);
  const before = sums.get(slot);
  sums.set(slot, before ? tape.add(before, gradient) : gradient);
}

function runCall(
  tape: Tape,
  layer: Layer,
  spec: CallSpec,
  values: ReadonlyMap<string, readonly Value[]>,
): { step: Step; refs: readonly (TensorRef | undefined)[] } {
  const resolve = (ref: TensorRef): Value => values.get(keyOf(ref))![ref.tensor]!;
  const argument = (arg: ArgSpec): CallArgument => {
    if ("ref" in arg) return resolve(arg.ref);
    if ("list" in arg) return arg.list.map(argument);
    return arg.value;
  };
  const refs: TensorRef[] = [];
  for (const arg of spec.args) collectRefs(arg, refs);
  // Operations take tensors by keyword, too.
  if (layer.className.startsWith("op:")) for (const arg of Object.values(spec.kwargs)) collectRefs(arg, refs);
  const stateRefs: TensorRef[] = [];
  if (spec.kwargs["initialState"]) collectRefs(spec.kwargs["initialState"], stateRefs);
  const { initialState, constants, mask, ...others } = spec.kwargs;
  const states = statesOf(tape.p, layer, initialState && argument(initialState));
  const constantRefs: TensorRef[] = [];
  if (constants) collectRefs(constants, constantRefs);
  const given = mask ? argument(mask) : undefined;
  const call: LayerCall = {
    args: spec.args.map(argument),
    kwargs: Object.fromEntries(Object.entries(others).map(([key, arg]) => [key, argument(arg)])),
    ...(states.length > 0 && { initialState: states }),
    ...(constantRefs.length > 0 && { constants: constantRefs.map(resolve) }),
    ...(isValue(given) && { mask: given }),
    ...(Array.isArray(given) && given.some(isValue) && { mask: given.map((item) => (isValue(item) ? item : null)) }),
  };
  return {
    step: tape.step(layer, refs.map(resolve), call),
    refs: [...refs, ...(stateRefs.length > 0 ? stateRefs : states.map(() => undefined)), ...constantRefs],
  };
}
