import type { Json } from "../../../layers/layer.ts";
import type { TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer, WriteWeight } from "../write-tree.ts";
import { asArg, GraphEdit, tensorsOf } from "./graph-edit.ts";

/** Cells before and behind, for each spatial axis. */
type Padding = readonly (readonly [number, number])[];

const CONVOLUTION = /^(Conv|SeparableConv|DepthwiseConv)([123])D$/;
const POOLING = /^(Max|Average)Pooling([123])D$/;
const CONV_LSTM = /^ConvLSTM([123])D$/;

/**
 * Writes Theano's way of padding, "same", for a Keras that pads as TensorFlow does: padding becomes a layer of its own,
 * and the window that follows needs none. Theano pads half the window on both sides and keeps as many places as the
 * strides ask for, so that what lies before the first place does not depend on the input's size.
 *
 * @param countsPadding - Averages take the padding for zeros.
 */
export function padAsTheano(model: WriteLayer, countsPadding: boolean): void {
  const edit = new GraphEdit(model);
  for (const layer of [...edit.layers]) {
    const { className, config } = innerOf(layer);
    if (CONV_LSTM.test(className)) padConvLstm(edit, layer);
    else if (config["padding"] !== "same" && config["padding"] !== "full") continue;
    else if (CONVOLUTION.test(className)) padConvolution(edit, layer);
    else if (POOLING.test(className)) padPooling(edit, layer, countsPadding);
  }
  edit.commit();
}

/** The layer that a TimeDistributed applies to each step; any other layer itself. */
function innerOf(layer: WriteLayer): WriteLayer {
  return layer.className === "TimeDistributed" ? layer.children[0]!.layer : layer;
}

function sizes(layer: WriteLayer, key: string, rank: number, fallback = 1): readonly number[] {
  const given = [layer.config[key] ?? fallback].flat().filter((n): n is number => typeof n === "number");
  return given.length === 1 ? new Array<number>(rank).fill(given[0]!) : given;
}

/** Half the window before, the rest behind; of "full" the window but for one cell on both sides. */
function halves(layer: WriteLayer, rank: number): Padding {
  const dilations = sizes(layer, "dilationRate", rank);
  return sizes(layer, "kernelSize", rank).map((kernel, i) => {
    const width = (kernel - 1) * dilations[i]! + 1;
    return layer.config["padding"] === "full" ? [width - 1, width - 1] : [width >> 1, width - 1 - (width >> 1)];
  });
}

/** Calls a layer anew on a padded input. */
function padded(edit: GraphEdit, layer: WriteLayer, pad: (x: TensorRef) => TensorRef): void {
  edit.replaceCalls(layer.name, (call) => {
    const [x] = tensorsOf(call.args);
    const y = edit.call(layer.name, [{ ref: pad(x!) }, ...call.args.slice(1)], call.kwargs);
    return new Map([0, 1, 2].map((tensor): [number, TensorRef] => [tensor, { ...y, tensor }]));
  });
}

/** Zeros around the spatial axes. */
function zeros(edit: GraphEdit, layer: WriteLayer, padding: Padding, x: TensorRef): TensorRef {
  const rank = padding.length;
  const wrapped = innerOf(layer) !== layer;
  if (innerOf(layer).config["dataFormat"] === "channels_first") {
    const none = Array.from({ length: wrapped ? 3 : 2 }, () => [0, 0]);
    return edit.op("Pad", [x], { padWidth: [...none, ...padding], mode: "constant" });
  }
  const config = { padding: rank === 1 ? padding[0]! : padding };
  const own = { className: `ZeroPadding${rank}D`, config };
  const name = `${layer.name}_padding`;
  if (!wrapped) return edit.apply(name, own, x, layer.name);
  const inner: WriteLayer = { ...own, name: edit.freeName(`${name}_step`), trainable: true, weights: [], children: [] };
  const children = [{ path: "layer", layer: inner }];
  return edit.apply(name, { className: "TimeDistributed", children }, x, layer.name);
}

function padConvolution(edit: GraphEdit, layer: WriteLayer): void {
  const inner = innerOf(layer);
  const padding = halves(inner, Number(CONVOLUTION.exec(inner.className)![2]));
  inner.config["padding"] = "valid";
  if (padding.flat().every((n) => n === 0)) return;
  padded(edit, layer, (x) => zeros(edit, layer, padding, x));
}

/**
 * Cells of padding take no part: they are far below all others, and an average over zeros is divided by the average of
 * ones that are padded alike.
 */
function padPooling(edit: GraphEdit, layer: WriteLayer, countsPadding: boolean): void {
  const inner = innerOf(layer);
  const [, kind, digit] = POOLING.exec(inner.className)!;
  const rank = Number(digit);
  const padding = sizes(inner, "poolSize", rank, 2).map((width): [number, number] => {
    const before = width > 2 && width % 2 === 1 ? width - 2 : width - 1;
    return [before, width - 1 - before];
  });
  inner.config["padding"] = "valid";
  if (padding.flat().every((n) => n === 0)) return;
  edit.replaceCalls(layer.name, (call) => {
    const x = tensorsOf(call.args)[0]!;
    const cells = zeros(edit, layer, padding, x);
    if (kind === "Average" && countsPadding && rank < 3) {
      return new Map([[0, edit.call(layer.name, [asArg(cells)])]]);
    }
    if (kind === "Average" && countsPadding && rank < 3) return new Map([[0, edit.call(layer.name, [asArg(cells)])]]);
    const real = zeros(edit, layer, padding, edit.op("OnesLike", [x]));
    const pool = (of: TensorRef) => edit.call(layer.name, [asArg(of)]);
    if (kind === "Average") return new Map([[0, edit.op("Divide", [pool(cells), pool(real)])]]);
    const inside = edit.op("Greater", [real, 0]);
    return new Map([[0, pool(edit.op("Where", [inside, cells, LOWEST]))]]);
  });
}

/** Below every float32. */
const LOWEST = -3.4e38;

/**
 * The state's convolution is always padded. With an even kernel it becomes an odd one with zeros behind, which is padded
 * alike on both sides.
 */
function padConvLstm(edit: GraphEdit, layer: WriteLayer): void {
  const rank = Number(CONV_LSTM.exec(layer.className)![1]);
  const kernels = sizes(layer, "kernelSize", rank);
  const dilations = sizes(layer, "dilationRate", rank);
  const grown = kernels.map((size) => size + Number(size % 2 === 0));
  const own: Padding = layer.config["padding"] === "same" ? halves(layer, rank) : kernels.map(() => [0, 0]);
  const padding = own.map(([before, after], i): [number, number] => [
    before,
    after + (grown[i]! - kernels[i]!) * dilations[i]!,
  ]);
  layer.weights = layer.weights.map((weight) => (/kernel$/i.test(weight.name) ? grow(weight, kernels, grown) : weight));
  layer.config["kernelSize"] = grown;
  layer.config["padding"] = "valid";
  if (padding.flat().every((n) => n === 0)) return;
  padded(edit, layer, (x) => {
    const first = layer.config["dataFormat"] === "channels_first";
    const none = [0, 0];
    const padWidth: Json = first ? [none, none, none, ...padding] : [none, none, ...padding, none];
    return edit.op("Pad", [x], { padWidth, mode: "constant" });
  });
}

/** A kernel [...sizes, inputs, outputs] with zeros behind. */
function grow(weight: WriteWeight, from: readonly number[], to: readonly number[]): WriteWeight {
  const inner = weight.shape.slice(from.length);
  const width = inner.reduce((a, b) => a * b, 1);
  const data = new Float32Array(to.reduce((a, b) => a * b, 1) * width);
  const cells = from.reduce((a, b) => a * b, 1);
  for (let cell = 0; cell < cells; cell++) {
    let rest = cell;
    let target = 0;
    let stride = 1;
    for (let axis = from.length - 1; axis >= 0; axis--) {
      target += (rest % from[axis]!) * stride;
      rest = Math.floor(rest / from[axis]!);
      stride *= to[axis]!;
    }
    data.set(weight.data.subarray(cell * width, (cell + 1) * width), target * width);
  }
  return { ...weight, shape: [...to, ...inner], data };
}
