import type { ArgSpec, TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import { GraphEdit, tensorsOf } from "./graph-edit.ts";
import { statesOf } from "./split-bidirectional.ts";

/** Layers that run one cell over time. */
const LAYER_OF: Readonly<Record<string, string>> = { LSTMCell: "LSTM", GRUCell: "GRU", SimpleRNNCell: "SimpleRNN" };

/** Which stacks are to be taken apart, and how their Keras deals with them. */
export interface Stacks {
  readonly wanted: (layer: WriteLayer) => boolean;
  /** States come last cell first. */
  readonly reversed: boolean;
  /** A masked step puts out the lowest cell's output (Keras 2.2.3 and 2.2.4 on TensorFlow). */
  readonly maskedIsLowest: boolean;
}

/** Writes RNN layers of stacked cells as recurrent layers one above the other: the same steps, layer by layer. */
export function splitStacks(model: WriteLayer, stacks: Stacks): void {
  const edit = new GraphEdit(model);
  const found = edit.layers.filter((layer) => isStack(layer) && stacks.wanted(layer));
  for (const layer of found) split(edit, layer, stacks);
  if (found.length > 0) edit.commit();
}

/** An RNN layer of stacked cells. */
export function isStack(layer: WriteLayer): boolean {
  return layer.className === "RNN" && layer.children[0]?.layer.className === "StackedRNNCells";
}

function split(edit: GraphEdit, layer: WriteLayer, { reversed, maskedIsLowest }: Stacks): void {
  const stack = layer.children[0]!.layer;
  const cells = stack.children.map((child) => child.layer);
  const { returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask } = layer.config;
  const last = cells.length - 1;
  const names = cells.map((cell, i) => {
    const config = {
      returnSequences: i < last ? true : (returnSequences ?? false),
      returnState: returnState ?? false,
      goBackwards: i === 0 && (goBackwards ?? false),
      stateful: stateful ?? false,
      unroll: unroll ?? false,
      ...(i === last && { zeroOutputForMask: zeroOutputForMask ?? false }),
    };
    const own = LAYER_OF[cell.className];
    const made = own
      ? { className: own, config: { ...cell.config, ...config }, weights: cell.weights }
      : { className: "RNN", config, children: [{ path: "cell", layer: cell }] };
    return edit.add(`${layer.name}_${cell.name}`, { ...made, trainable: cell.trainable }, layer.name);
  });
  const turned = layer.children[0]!.layer.config["reverseStateOrder"] ?? reversed;
  const order = cells.map((_, i) => i);
  if (turned) order.reverse();
  edit.replaceCalls(layer.name, (call) => {
    const [x, ...more] = tensorsOf(call.args);
    const { initialState, ...kwargs } = call.kwargs;
    const given = initialState ? tensorsOf([initialState]) : more;
    const initial = new Map<number, ArgSpec>();
    let next = 0;
    for (const i of given.length > 0 ? order : []) {
      const count = statesOf(cells[i]!);
      initial.set(i, { list: given.slice(next, next + count).map((ref): ArgSpec => ({ ref })) });
      next += count;
    }
    const outputs: TensorRef[] = [];
    for (const [i, name] of names.entries()) {
      const states = initial.get(i);
      const input = outputs.at(-1) ?? x!;
      outputs.push(edit.call(name, [{ ref: input }], { ...kwargs, ...(states && { initialState: states }) }));
    }
    const mask = kwargs["mask"];
    const lowest = maskedIsLowest && !turned && cells.length > 1 && unroll !== true && mask && "ref" in mask;
    const y = lowest ? lowestWhereMasked(edit, mask.ref, outputs, returnSequences === true) : outputs[last]!;
    const states = returnState === true ? order.flatMap((i) => statesAfter(outputs[i]!, statesOf(cells[i]!))) : [];
    return new Map([y, ...states].map((ref, i) => [i, ref]));
  });
  edit.remove(layer.name);
}

function statesAfter(y: TensorRef, count: number): readonly TensorRef[] {
  return Array.from({ length: count }, (_, i) => ({ ...y, tensor: i + 1 }));
}

function lowestWhereMasked(
  edit: GraphEdit,
  mask: TensorRef,
  outputs: readonly TensorRef[],
  sequences: boolean,
): TensorRef {
  const steps = edit.op("ExpandDims", [mask], { axis: -1 });
  if (sequences) return edit.op("Where", [steps, outputs.at(-1)!, outputs[0]!]);
  const lastStep = (of: TensorRef) => edit.op("Take", [of, -1], { axis: 1 });
  return edit.op("Where", [lastStep(steps), outputs.at(-1)!, lastStep(outputs[0]!)]);
}
