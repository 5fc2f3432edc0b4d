import { basename } from "node:path";
import { type LoadOptions, loadModel, type Model, RnnWasmError } from "../platform/node.ts";

/** Loads the model that a command names; every complaint says which file it is about. */
export async function openModel(source: string, options: LoadOptions = {}): Promise<Model> {
  try {
    return await loadModel(source, options);
  } catch (error) {
    if (error instanceof RnnWasmError && !error.message.includes(basename(source))) {
      error.message = `${basename(source)}: ${error.message}`;
    }
    throw error;
  }
}
