import type { ArgSpec, TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import type { Refusal } from "./carry-over.ts";
import { GraphEdit, type NumberedCall, tensorsOf } from "./graph-edit.ts";

/**
 * Makes recurrent layers put out their initial state, where Keras 3 puts out zeros: at masked steps that no unmasked one
 * comes before. Masks must have been lowered.
 */
export function keepInitialOutputs(model: WriteLayer, refuse: Refusal): void {
  const edit = new GraphEdit(model);
  const masked = new Set(edit.calls.filter((call) => call.kwargs["mask"]).map((call) => call.layer));
  let changed = false;
  for (const layer of [...edit.layers]) {
    if (!/^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|ConvLSTM\dD)$/.test(layer.className) || !masked.has(layer.name)) {
      continue;
    }
    const { stateful, unroll, zeroOutputForMask } = layer.config;
    if (unroll === true || zeroOutputForMask === true) continue;
    edit.replaceCalls(layer.name, (call) => {
      const hasStates = call.kwargs["initialState"] !== undefined || tensorsOf(call.args).length > 1;
      const { mask } = call.kwargs;
      if (!mask || !("ref" in mask) || (!hasStates && stateful !== true)) return undefined;
      if (/^Conv|^Bi/.test(layer.className) || (layer.className === "RNN" && !hasStates)) {
        refuse(layer, "masked first steps put out the initial state here and zeros in the target");
        return undefined;
      }
      changed = true;
      return outputsOf(edit, layer, call, mask.ref);
    });
  }
  if (changed) edit.commit();
}

function outputsOf(edit: GraphEdit, layer: WriteLayer, call: NumberedCall, mask: TensorRef) {
  const [x, ...more] = tensorsOf(call.args);
  const { initialState, ...kwargs } = call.kwargs;
  const given = initialState ? tensorsOf([initialState]) : more;
  const states = given.length > 0 ? given : keptStates(edit, layer, x!, mask);
  const y = edit.call(layer.name, [{ ref: x! }], {
    ...kwargs,
    initialState: { list: states.map((ref): ArgSpec => ({ ref })) },
  });
  const outputs = new Map([1, 2, 3].map((tensor): [number, TensorRef] => [tensor, { ...y, tensor }]));
  const { returnSequences, goBackwards } = layer.config;
  if (returnSequences !== true) {
    const any = edit.op("Any", [mask], { axis: 1, keepdims: true });
    return outputs.set(0, edit.op("Where", [any, y, states[0]!]));
  }
  // Outputs come in the order of processing.
  const steps = goBackwards === true ? edit.op("Flip", [mask], { axis: 1 }) : mask;
  const seen = edit.op("Cumsum", [edit.op("Cast", [steps], { dtype: "float32" })], { axis: 1 });
  const begun = edit.op("ExpandDims", [edit.op("Greater", [seen, 0])], { axis: -1 });
  const first = edit.op("ExpandDims", [states[0]!], { axis: 1 });
  return outputs.set(0, edit.op("Where", [begun, y, first]));
}

/** The states that a layer keeps, read before a call: what it puts out of steps that are all masked. */
function keptStates(edit: GraphEdit, layer: WriteLayer, x: TensorRef, mask: TensorRef): readonly TensorRef[] {
  layer.config["returnState"] = true;
  const none = edit.op("LogicalAnd", [mask, edit.op("LogicalNot", [mask])]);
  const before = edit.call(layer.name, [{ ref: x }], { mask: { ref: none } });
  return Array.from({ length: layer.className === "LSTM" ? 2 : 1 }, (_, i) => ({ ...before, tensor: i + 1 }));
}
