import type { Json } from "../../layers/layer.ts";
import { toSnake } from "../keras/names.ts";
import { keras2Model } from "./keras2-config.ts";
import type { Refusal } from "./repairs/carry-over.ts";
import { everyWeight, type WriteLayer } from "./write-tree.ts";

/** Bytes of one shard, as the TensorFlow.js converter cuts them. */
const SHARD = 4 * 2 ** 20;

/** The files of a TensorFlow.js layers model: `model.json` and shards of little-endian float32. */
export function tfjsFiles(model: WriteLayer, refuse: Refusal): Record<string, Uint8Array> {
  const weights: Json[] = [];
  const arrays: Uint8Array[] = [];
  const used = new Set<string>();
  for (const { layer } of model.children) {
    for (const { path, weight } of everyWeight(layer, `${layer.name}/`)) {
      let name = `${path}${toSnake(weight.name)}`;
      for (let n = 1; used.has(name); n++) name = `${path}${toSnake(weight.name)}_${n}`;
      used.add(name);
      weights.push({ name, shape: [...weight.shape], dtype: "float32" });
      arrays.push(new Uint8Array(weight.data.buffer, weight.data.byteOffset, weight.data.byteLength));
    }
  }
  const all = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  const count = Math.max(1, Math.ceil(all.length / SHARD));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const json = {
    format: "layers-model",
    generatedBy: "keras v2.15.0",
    convertedBy: "rnn-wasm",
    modelTopology: { keras_version: "2.15.0", backend: "tensorflow", model_config: keras2Model(model, refuse) },
    weightsManifest: [{ paths, weights }],
  };
  const files: Record<string, Uint8Array> = { "model.json": new TextEncoder().encode(JSON.stringify(json)) };
  paths.forEach((path, i) => {
    files[path] = all.subarray(i * SHARD, (i + 1) * SHARD);
  });
  return files;
}
