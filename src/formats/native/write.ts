import type { GraphLayer } from "../../model/graph-layer.ts";
import { float32ToFloat16 } from "../float16.ts";
import { type SafeTensor, writeSafetensors } from "../safetensors.ts";
import { FORMAT, type NativeModel, VERSION, type VerifyPair, WEIGHTS_FILE } from "./format.ts";
import { weightOwners } from "./weight-names.ts";

/** Options of {@link writeNative}. */
export interface NativeWriteOptions {
  /** How weights are stored; float16 halves the file and rounds to 11 bits. */
  readonly dtype?: "float32" | "float16";
  readonly verify?: VerifyPair;
  /** Names of the two files; "model.json" and "weights.safetensors" by default. */
  readonly names?: { readonly json: string; readonly weights: string };
  readonly trainingConfig?: NativeModel["trainingConfig"];
}

/** The files of a model in our own format, by name. */
export function writeNative(root: GraphLayer, options: NativeWriteOptions = {}): Record<string, Uint8Array> {
  const names = options.names ?? { json: "model.json", weights: WEIGHTS_FILE };
  let parameters = 0;
  const tensors = weightOwners(root).flatMap(({ path, layer }) =>
    layer.weights.map((weight): [string, SafeTensor] => {
      parameters += weight.data.length;
      const { shape } = weight;
      const tensor: SafeTensor =
        options.dtype === "float16"
          ? { dtype: "F16", shape, data: float32ToFloat16(weight.data) }
          : { dtype: "F32", shape, data: weight.data };
      return [`${path}/${weight.name}`, tensor];
    }),
  );
  const model: NativeModel = {
    format: FORMAT,
    version: VERSION,
    generatedBy: "rnn-wasm",
    profile: root.profile,
    graph: root.graph,
    weights: { file: names.weights, parameters },
    ...(options.verify && { verify: options.verify }),
    ...(options.trainingConfig && { trainingConfig: options.trainingConfig }),
  };
  return {
    [names.json]: new TextEncoder().encode(`${JSON.stringify(model, undefined, 1)}\n`),
    [names.weights]: writeSafetensors(tensors),
  };
}
