import { basename, dirname, extname, join } from "node:path";
import { recordPair } from "../api/verify.ts";
import type { VerifyPair } from "../formats/native/format.ts";
import { writeNative } from "../formats/native/write.ts";
import { type LayerConfig, loadModel, type Model } from "../platform/node.ts";
import { type Io, UsageError } from "./io.ts";
import { readInputFiles } from "./read-inputs.ts";
import { isFolder, refuseExisting, writeFileAtomically } from "./write-file.ts";

/** Options of `rnn-wasm convert`. */
export interface ConvertFlags {
  readonly dtype?: "float32" | "float16";
  readonly verifyInput?: readonly string[];
  readonly force?: boolean;
}

/** `rnn-wasm convert MODEL OUT`: OUT is a folder, or a `.json` with the weights beside it. */
export async function convert(source: string, out: string, flags: ConvertFlags, io: Io): Promise<void> {
  const { folder, json, weights } = await targetOf(out);
  for (const name of [json, weights]) refuseExisting(join(folder, name), flags.force ?? false);
  const model = await loadModel(source);
  try {
    const files = await filesOf(model, { json, weights }, flags, io);
    // The weights first: a reader never meets a model.json whose weights are not there yet.
    for (const name of [weights, json]) await writeFileAtomically(join(folder, name), files[name]!);
    const bytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
    io.stdout.write(`${join(folder, json)} and ${weights}: ${(bytes / 1e6).toFixed(1)} MB\n`);
    for (const note of model.origin.notes) io.stderr.write(`note: ${note}\n`);
  } finally {
    model.dispose();
  }
}

async function filesOf(
  model: Model,
  names: { readonly json: string; readonly weights: string },
  flags: ConvertFlags,
  io: Io,
): Promise<Record<string, Uint8Array>> {
  const { trainingConfig } = model.origin;
  const options = {
    names,
    dtype: flags.dtype ?? "float32",
    ...(trainingConfig !== undefined && { trainingConfig: trainingConfig as LayerConfig }),
  };
  const write = (verify?: VerifyPair) => writeNative(model.inference.root, { ...options, ...(verify && { verify }) });
  if (!flags.verifyInput?.length) {
    // Rounded weights give other outputs than those that the source file promises.
    return write(options.dtype === "float32" ? model.origin.verifyPair : undefined);
  }
  // The pair is that of the written file, so that rounding is in it and reading back is proven.
  const files = write();
  const written = await loadModel({ json: files[names.json]!, weights: files[names.weights]! });
  try {
    return write(recordPair(written, await readInputFiles(flags.verifyInput, written.inputs, io)));
  } finally {
    written.dispose();
  }
}

async function targetOf(out: string): Promise<{ folder: string; json: string; weights: string }> {
  const ending = extname(out).toLowerCase();
  if (ending === ".json") {
    const name = basename(out);
    const weights = name === "model.json" ? "weights.safetensors" : `${name.slice(0, -5)}.safetensors`;
    return { folder: dirname(out), json: name, weights };
  }
  if (!(await isFolder(out)) && [".keras", ".h5", ".hdf5", ".safetensors", ".npy"].includes(ending)) {
    throw new UsageError(`OUT must be a folder or end in .json; got ${out}`);
  }
  return { folder: out, json: "model.json", weights: "weights.safetensors" };
}
