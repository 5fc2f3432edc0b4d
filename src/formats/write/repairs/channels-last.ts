import type { ArgSpec, TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import { GraphEdit, tensorsOf } from "./graph-edit.ts";

const CONV_LSTM = /^ConvLSTM([123])D$/;

/** True for a ConvLSTM whose channels come before space, which TensorFlow cannot compute on a processor. */
export function isChannelsFirst(layer: WriteLayer): boolean {
  return CONV_LSTM.test(layer.className) && layer.config["dataFormat"] === "channels_first";
}

/** Writes ConvLSTM layers of channels first with channels last, between permutations. Weights have one layout for both. */
export function moveChannelsLast(model: WriteLayer): void {
  const edit = new GraphEdit(model);
  for (const layer of [...edit.layers]) if (isChannelsFirst(layer)) move(edit, layer);
  edit.commit();
}

function move(edit: GraphEdit, layer: WriteLayer): void {
  const rank = Number(CONV_LSTM.exec(layer.className)![1]);
  const space = Array.from({ length: rank }, (_, i) => i);
  const permuted = (x: TensorRef, dims: readonly number[], before?: string): TensorRef =>
    edit.apply(`${layer.name}_channels`, { className: "Permute", config: { dims } }, x, before);
  const stateLast = [...space.map((i) => i + 2), 1];
  const stateFirst = [rank + 1, ...space.map((i) => i + 1)];
  // Behind the layer in the list, so that a chain stays one.
  const after = edit.layers[edit.layers.indexOf(layer) + 1]?.name;
  edit.replaceCalls(layer.name, (call) => {
    const [x, ...more] = tensorsOf(call.args);
    const { initialState, ...kwargs } = call.kwargs;
    const states = (initialState ? tensorsOf([initialState]) : more).map(
      (state): ArgSpec => ({ ref: permuted(state, stateLast, layer.name) }),
    );
    const y = edit.call(layer.name, [{ ref: permuted(x!, [1, ...stateLast.map((n) => n + 1)], layer.name) }], {
      ...kwargs,
      ...(states.length > 0 && { initialState: { list: states } }),
    });
    const isSequence = layer.config["returnSequences"] === true;
    const back = isSequence ? [1, ...stateFirst.map((n) => n + 1)] : stateFirst;
    const outputs = new Map<number, TensorRef>([[0, permuted(y, back, after)]]);
    if (layer.config["returnState"] !== true) return outputs;
    for (const tensor of [1, 2]) outputs.set(tensor, permuted({ ...y, tensor }, stateFirst, after));
    return outputs;
  });
  layer.config["dataFormat"] = "channels_last";
}
