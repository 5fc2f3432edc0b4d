import { basename } from "node:path";
import { withShards } from "../api/source.ts";
import { type LoadOptions, loadModel, type Model, type ModelSource, RnnWasmError } from "../platform/node.ts";
import { openSource } from "../platform/node-files.ts";

/** What every command that opens a model may be told. */
export interface OpenFlags {
  readonly build?: "simd" | "relaxed";
  /** The weights of a source that is an architecture alone (JSON or YAML). */
  readonly weights?: string;
  readonly byName?: boolean;
  readonly until?: readonly string[];
}

/** Loads the model that a command names; every complaint says which file it is about. */
export async function openModel(source: string, flags: OpenFlags = {}): Promise<Model> {
  const { weights, byName, until, build } = flags;
  const options: LoadOptions = { build, ...(byName && { byName }), ...(until && { until }) };
  try {
    return await loadModel(weights === undefined ? source : await withWeights(source, weights), options);
  } catch (error) {
    if (error instanceof RnnWasmError && !error.message.includes(basename(source))) {
      error.message = `${basename(source)}: ${error.message}`;
    }
    if (error instanceof RnnWasmError && error.message.includes("without weights. Pass both")) {
      error.message = error.message.replace(/Pass both.*$/, "Name the file with them: --weights FILE.");
    }
    throw error;
  }
}

async function withWeights(source: string, weights: string): Promise<ModelSource> {
  const [architecture, file] = await Promise.all([openSource(source), openSource(weights)]);
  return { json: architecture.bytes, weights: await withShards(file) };
}
