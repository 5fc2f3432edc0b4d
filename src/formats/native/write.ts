import { isQuantizable, quantize } from "../../layers/quantized.ts";
import type { GraphLayer } from "../../model/graph-layer.ts";
import { sizeOf } from "../../tensor.ts";
import { float32ToFloat16 } from "../float16.ts";
import { type SafeTensor, writeSafetensors } from "../safetensors.ts";
import { FORMAT, type NativeModel, OPTIMIZER_FILE, VERSION, type VerifyPair, WEIGHTS_FILE } from "./format.ts";
import { scalesKey, weightOwners } from "./weight-names.ts";

/** Options of {@link writeNative}. */
export interface NativeWriteOptions {
  /** How weights are stored; by default as they are, which is float32 unless the model is quantised. float16 halves the file and rounds to 11 bits. */
  readonly dtype?: "float32" | "float16";
  /** int8 keeps the kernels of LSTM, GRU, SimpleRNN and Dense and the tables of Embedding in a quarter of the bytes. */
  readonly quantize?: "int8" | "float16";
  readonly verify?: VerifyPair;
  /** Names of the two files; "model.json" and "weights.safetensors" by default. */
  readonly names?: { readonly json: string; readonly weights: string };
  readonly trainingConfig?: NativeModel["trainingConfig"];
  /** The optimizer's variables in Keras' order: a third file. */
  readonly optimizer?: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[];
}

/** The files of a model in our own format, by name. */
export function writeNative(root: GraphLayer, options: NativeWriteOptions = {}): Record<string, Uint8Array> {
  const names = options.names ?? { json: "model.json", weights: WEIGHTS_FILE };
  let parameters = 0;
  const dtype = options.quantize === "float16" ? "float16" : options.dtype;
  const tensors = weightOwners(root).flatMap(({ path, layer }) => {
    const specs = layer.weightSpecs();
    return layer.weights.flatMap((weight, i): [string, SafeTensor][] => {
      const { shape } = weight;
      parameters += sizeOf(shape);
      const key = `${path}/${weight.name}`;
      const axis = specs[i]?.quantize;
      const fresh = options.quantize === "int8" && axis && isQuantizable(shape, axis);
      const quantized = dtype
        ? undefined
        : (weight.quantized ?? (fresh ? quantize(weight.data, shape, axis) : undefined));
      if (quantized) {
        const { values, scales } = quantized;
        return [
          [key, { dtype: "I8", shape, data: values }],
          [scalesKey(key), { dtype: "F32", shape: [scales.length], data: scales }],
        ];
      }
      return [
        dtype === "float16"
          ? [key, { dtype: "F16", shape, data: float32ToFloat16(weight.data) }]
          : [key, { dtype: "F32", shape, data: weight.data }],
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
