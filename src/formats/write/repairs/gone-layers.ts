import type { Json } from "../../../layers/layer.ts";
import type { Profile } from "../../../layers/profile.ts";
import type { TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer, WriteWeight } from "../write-tree.ts";
import type { Refusal } from "./carry-over.ts";
import { GraphEdit, tensorsOf } from "./graph-edit.ts";

/** From a call's first input to what the layer makes of it. */
type Rewrite = (edit: GraphEdit, layer: WriteLayer, x: TensorRef) => TensorRef;

/** Layers of Keras 1 and 2 that Keras 3 no longer has, as layers and operations that it has. */
const REWRITES: Readonly<Record<string, Rewrite>> = {
  Highway: highway,
  MaxoutDense: maxout,
  SReLU: sReLU,
  ParametricSoftplus: softplus,
  LocallyConnected1D: locallyConnected,
};

/** What has become constants of operations, so that Keras 3 does not train it on. */
const FROZEN = new Set(["SReLU", "ParametricSoftplus", "BatchNormalization"]);

/** Rewrites a graph's layers that Keras 3 lacks; weights stay weights where a layer of Keras 3 has a place for them. */
export function rewriteGoneLayers(model: WriteLayer, from: Profile, refuse: Refusal, notes: string[]): void {
  const edit = new GraphEdit(model);
  for (const layer of [...edit.layers]) {
    const { className, name, config } = layer;
    const ofBatch = className === "BatchNormalization" && (config["mode"] === 1 || config["mode"] === 2);
    const rewrite = ofBatch
      ? batchStatistics(from)
      : Object.hasOwn(REWRITES, className)
        ? REWRITES[className]!
        : undefined;
    if (!rewrite) continue;
    if (layer.weights.some((weight) => weight.shape.length === 0) || (ofBatch && !layer.shapes)) {
      refuse(layer, "Keras 3 has no such layer");
      continue;
    }
    if (FROZEN.has(className)) {
      notes.push(`The weights of ${className} "${name}" are constants: Keras 3 does not train them.`);
    }
    const made = new Map<string, TensorRef>();
    edit.replaceCalls(name, (call) => {
      const x = tensorsOf(call.args)[0]!;
      const key = JSON.stringify(x);
      const y = made.get(key) ?? rewrite(edit, layer, x);
      made.set(key, y);
      return new Map([[0, y]]);
    });
    edit.remove(name);
  }
  edit.commit();
}

function weight(layer: WriteLayer, name: string): WriteWeight | undefined {
  return layer.weights.find((candidate) => candidate.name === name);
}

/** A weight as nested lists, of another shape perhaps. */
function listed({ data, shape: own }: Pick<WriteWeight, "data" | "shape">, shape = own): { value: Json } {
  let flat: Json[] = [...data];
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis]!;
    flat = Array.from({ length: flat.length / size }, (_, i) => flat.slice(i * size, (i + 1) * size));
  }
  return { value: flat };
}

/** Dense with some of a layer's weights. */
function dense(
  edit: GraphEdit,
  layer: WriteLayer,
  name: string,
  x: TensorRef,
  parts: readonly (WriteWeight | undefined)[],
  activation: Json,
): TensorRef {
  const [kernel, bias] = parts as [WriteWeight, WriteWeight | undefined];
  const weights = [{ ...kernel, name: "kernel" }, ...(bias ? [{ ...bias, name: "bias" }] : [])];
  const config = { units: kernel.shape.at(-1)!, activation, useBias: bias !== undefined };
  const made = { className: "Dense", config, weights, trainable: layer.trainable };
  return edit.apply(`${layer.name}_${name}`, made, x, layer.name);
}

/** t · activation(x·W + b) + (1 − t) · x. */
function highway(edit: GraphEdit, layer: WriteLayer, x: TensorRef): TensorRef {
  const of = (...names: string[]) => names.map((name) => weight(layer, name));
  const share = dense(edit, layer, "share", x, of("carryKernel", "carryBias"), "sigmoid");
  const main = dense(edit, layer, "main", x, of("kernel", "bias"), layer.config["activation"] ?? "linear");
  const carried = edit.op("Multiply", [edit.op("Subtract", [1, share]), x]);
  return edit.op("Add", [edit.op("Multiply", [main, share]), carried]);
}

/** The products side by side, then the largest of each. */
function maxout(edit: GraphEdit, layer: WriteLayer, x: TensorRef): TensorRef {
  const kernel = weight(layer, "kernel")!;
  const bias = weight(layer, "bias");
  const [pieces, inputs, units] = kernel.shape as [number, number, number];
  const data = new Float32Array(kernel.data.length);
  for (let piece = 0; piece < pieces; piece++) {
    for (let row = 0; row < inputs; row++) {
      const from = (piece * inputs + row) * units;
      data.set(kernel.data.subarray(from, from + units), (row * pieces + piece) * units);
    }
  }
  const wide = { ...kernel, shape: [inputs, pieces * units], data };
  const flat = bias && { ...bias, shape: [pieces * units] };
  const y = dense(edit, layer, "pieces", x, [wide, flat], "linear");
  const apart = edit.apply(
    `${layer.name}_apart`,
    { className: "Reshape", config: { targetShape: [pieces, units] } },
    y,
  );
  return edit.op("Max", [apart], { axis: 1, keepdims: false });
}

/** Slopes left of tLeft and right of tLeft + |tRight|, the identity between. */
function sReLU(edit: GraphEdit, layer: WriteLayer, x: TensorRef): TensorRef {
  const [tLeft, aLeft, tRight, aRight] = ["tLeft", "aLeft", "tRight", "aRight"].map((name) => weight(layer, name)!);
  const [left, right] = [
    listed(tLeft!),
    listed({ ...tLeft!, data: tLeft!.data.map((n, i) => n + Math.abs(tRight!.data[i]!)) }),
  ];
  const middle = edit.op("Minimum", [edit.op("Maximum", [x, left]), right]);
  const below = edit.op("Minimum", [edit.op("Subtract", [x, left]), 0]);
  const above = edit.op("Maximum", [edit.op("Subtract", [x, right]), 0]);
  const lower = edit.op("Add", [middle, edit.op("Multiply", [below, listed(aLeft!)])]);
  return edit.op("Add", [lower, edit.op("Multiply", [above, listed(aRight!)])]);
}

/** alpha · softplus(beta · x). */
function softplus(edit: GraphEdit, layer: WriteLayer, x: TensorRef): TensorRef {
  const [alpha, beta] = [listed(weight(layer, "alpha")!), listed(weight(layer, "beta")!)];
  return edit.op("Multiply", [edit.op("Softplus", [edit.op("Multiply", [x, beta])]), alpha]);
}

/** The patches laid side by side, then a product of its own for each place. */
function locallyConnected(edit: GraphEdit, layer: WriteLayer, x: TensorRef): TensorRef {
  const [kernel, bias] = [weight(layer, "kernel")!, weight(layer, "bias")];
  const [places, features, filters] = kernel.shape as [number, number, number];
  const number = (key: string) => Number([layer.config[key] ?? 1].flat()[0]);
  const [size, stride] = [number("kernelSize"), number("strides")];
  const indices = Array.from({ length: places * size }, (_, i) => Math.floor(i / size) * stride + (i % size));
  const cells = edit.op("Take", [x, { value: indices }], { axis: 1 });
  const apart = { className: "Reshape", config: { targetShape: [places, features] } };
  const patches = edit.apply(`${layer.name}_patches`, apart, cells, layer.name);
  const config = {
    equation: "abc,bcd->abd",
    outputShape: [places, filters],
    biasAxes: bias ? "bd" : null,
    activation: layer.config["activation"] ?? "linear",
  };
  const made = { className: "EinsumDense", config, weights: layer.weights, trainable: layer.trainable };
  return edit.apply(`${layer.name}_places`, made, patches, layer.name);
}

/** Batch normalization by the input's own statistics: each row's last axis (mode 1) or each channel's batch (mode 2). */
function batchStatistics({ batchNormDeviation: old, batchNormBareDeviation: bare }: Profile): Rewrite {
  return (edit, layer, x) => {
    const rank = layer.shapes!.inputs[0]!.length;
    const given = Number([layer.config["axis"] ?? -1].flat()[0]);
    const channel = layer.config["mode"] === 1 || given === -1 ? rank - 1 : given;
    const own = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== channel);
    const axis = layer.config["mode"] === 1 ? [rank - 1] : own;
    const epsilon = Number(layer.config["epsilon"] ?? 1e-3);
    const mean = (of: TensorRef) => edit.op("Mean", [of], { axis, keepdims: true });
    const centred = edit.op("Subtract", [x, mean(x)]);
    const variance = mean(edit.op("Square", [centred]));
    const ofRows = layer.config["mode"] === 1;
    let deviation = edit.op("Sqrt", [bare && ofRows ? variance : edit.op("Add", [variance, epsilon])]);
    if (ofRows || old) deviation = edit.op("Add", [deviation, epsilon]);
    const whole = edit.op("Divide", [centred, deviation]);
    const wide = (name: string) => {
      const found = weight(layer, name)!;
      return listed(
        found,
        Array.from({ length: rank }, (_, i) => (i === channel ? found.data.length : 1)),
      );
    };
    return edit.op("Add", [edit.op("Multiply", [whole, wide("gamma")]), wide("beta")]);
  };
}
