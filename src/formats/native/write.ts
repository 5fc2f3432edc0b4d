import type { Weight } from "../../layers/layer.ts";
import type { Quantized, QuantizedAxis } from "../../layers/quantized.ts";
import type { GraphLayer } from "../../model/graph-layer.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { type SafeTensor, writeSafetensors } from "../safetensors.ts";
import { FORMAT, type NativeModel, OPTIMIZER_FILE, VERSION, type VerifyPair, WEIGHTS_FILE } from "./format.ts";
import { scalesKey, weightOwners } from "./weight-names.ts";

/** A weight as a file holds it: its numbers, and of int8 the scales that they are multiples of. */
export interface StoredWeight {
  readonly numbers: SafeTensor;
  readonly scales?: Float32Array;
}

/** How a weight is stored; `axis` is along which its layer can have it quantised. Others: `weightEncoding`. */
export type WeightEncoding = (weight: Weight, axis?: QuantizedAxis) => StoredWeight;

export const storedInt8 = (shape: Shape, { values, scales }: Quantized): StoredWeight => ({
  numbers: { dtype: "I8", shape, data: values },
  scales,
});

/** float32, or int8 where the model is quantised. */
export const asItIs: WeightEncoding = ({ shape, data, quantized }) =>
  quantized ? storedInt8(shape, quantized) : { numbers: { dtype: "F32", shape, data } };

/** Options of {@link writeNative}. */
export interface NativeWriteOptions {
  /** {@link asItIs} by default. */
  readonly encoding?: WeightEncoding;
  readonly verify?: VerifyPair;
  /** Names of the two files; "model.json" and "weights.safetensors" by default. */
  readonly names?: { readonly json: string; readonly weights: string };
  readonly trainingConfig?: NativeModel["trainingConfig"];
  /** The optimizer's variables in Keras' order: a third file. */
  readonly optimizer?: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[];
}

/** The files of a model in our own format, by name. */
export function writeNative(root: GraphLayer, options: NativeWriteOptions = {}): Record<string, Uint8Array> {
  const { names = { json: "model.json", weights: WEIGHTS_FILE }, encoding = asItIs } = options;
  let parameters = 0;
  const tensors = weightOwners(root).flatMap(({ path, layer }) => {
    const specs = layer.weightSpecs();
    return layer.weights.flatMap((weight, i): [string, SafeTensor][] => {
      parameters += sizeOf(weight.shape);
      const key = `${path}/${weight.name}`;
      const { numbers, scales } = encoding(weight, specs[i]?.quantize);
      if (!scales) return [[key, numbers]];
      return [
        [key, numbers],
        [scalesKey(key), { dtype: "F32", shape: [scales.length], data: scales }],
      ];
    });
  });
  const prefix = names.json === "model.json" ? "" : `${names.json}.`;
  const optimizer = options.optimizer && `${prefix}${OPTIMIZER_FILE}`;
  const model: NativeModel = {
    format: FORMAT,
    version: VERSION,
    generatedBy: "rnn-wasm",
    profile: root.profile,
    graph: root.graph,
    weights: { file: names.weights, parameters },
    ...(options.verify && { verify: options.verify }),
    ...(options.trainingConfig && { trainingConfig: options.trainingConfig }),
    ...(optimizer && { optimizer: { file: optimizer } }),
  };
  return {
    [names.json]: new TextEncoder().encode(`${JSON.stringify(model, undefined, 1)}\n`),
    [names.weights]: writeSafetensors(tensors),
    ...(optimizer && { [optimizer]: optimizerFile(options.optimizer!) }),
  };
}

function optimizerFile(variables: NonNullable<NativeWriteOptions["optimizer"]>): Uint8Array {
  return writeSafetensors(
    variables.map(({ shape, data }, i): [string, SafeTensor] => [String(i), { dtype: "F32", shape, data }]),
  );
}
