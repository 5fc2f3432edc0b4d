import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workloads.ts";
import { writeWorkload } from "./native.ts";
import { writeOnnx } from "./onnx.ts";

/** Every form of a workload that some peer reads, by file name. bench/peers/workload-file.mjs reads the first two. */
export function workloadFiles(workload: Workload): Record<string, Uint8Array> {
  const parts: Uint8Array[] = [];
  let at = 0;
  const place = (data: Float32Array | Int32Array) => {
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const start = at;
    at += data.byteLength;
    return { at: start, length: data.length };
  };
  const json = {
    ...workload,
    inputs: workload.inputs.map(place),
    layers: workload.layers.map((layer) => ({
      ...layer,
      weights: layer.weights.map((weight) => ({ ...weight, data: place(weight.data) })),
    })),
  };
  const arrays = new Uint8Array(at);
  let end = 0;
  for (const part of parts) {
    arrays.set(part, end);
    end += part.length;
  }
  return {
    "workload.json": new TextEncoder().encode(JSON.stringify(json)),
    "arrays.bin": arrays,
    "model.onnx": writeOnnx(workload),
    ...writeWorkload(workload),
  };
}

/** Writes the files into a folder of the workload's name and returns the folder. */
export function writeWorkloadFolder(parent: string, workload: Workload): string {
  const folder = join(parent, workload.id);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(workloadFiles(workload))) writeFileSync(join(folder, name), bytes);
  return folder;
}
