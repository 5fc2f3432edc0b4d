import { basename, dirname, extname, join } from "node:path";
import { recordPair } from "../api/verify.ts";
import type { VerifyPair } from "../formats/native/format.ts";
import { weightEncoding } from "../formats/native/weight-encoding.ts";
import { writeNative } from "../formats/native/write.ts";
import { type LayerConfig, loadModel, type Model, type ModelInput } from "../platform/node.ts";
import { accuracyReport } from "./accuracy.ts";
import { type Io, UsageError } from "./io.ts";
import { type OpenFlags, openModel } from "./open-model.ts";
import { randomInputs } from "./random-inputs.ts";
import { readInputFiles } from "./read-inputs.ts";
import { refuseExisting, writeFileAtomically } from "./write-file.ts";

/** What `convert` can write. */
export const CONVERT_FORMATS = ["rnn-wasm", "keras", "h5", "tfjs"] as const;
type ConvertFormat = (typeof CONVERT_FORMATS)[number];

/** Options of `rnn-wasm convert`. */
export interface ConvertFlags extends OpenFlags {
  readonly format?: ConvertFormat;
  readonly dtype?: "float32" | "float16";
  readonly quantize?: "int8" | "float16";
  readonly samples?: readonly string[];
  readonly verifyInput?: readonly string[];
  readonly approximate?: boolean;
  readonly keras?: 1 | 2;
  readonly backend?: "theano" | "tensorflow";
  readonly force?: boolean;
}

const NO_SAMPLES =
  "pass inputs of yours as --samples to see how far the rounded model's outputs are from the original's";
const NO_TEXT = "the model takes text: pass inputs of yours as --samples to see what was changed";
/** An input next to a rounding boundary may fall to either side on another build, which moves a sum by one step. */
const INT8_TOLERANCE = { abs: 5e-3, rel: 5e-3 };

interface Target {
  readonly format: ConvertFormat;
  readonly folder: string;
  /** The model's file; the files beside it are named by the format. */
  readonly name: string;
}

interface Written {
  /** By file name, the one that names the others last. */
  readonly files: readonly (readonly [name: string, bytes: Uint8Array])[];
  readonly notes: readonly string[];
}

/** `rnn-wasm convert MODEL OUT`: the format follows OUT's ending, or `--format`. */
export async function convert(source: string, out: string, flags: ConvertFlags, io: Io): Promise<void> {
  const target = targetOf(out, flags);
  refuseExisting(join(target.folder, target.name), flags.force ?? false);
  const model = await openModel(source, flags);
  try {
    const { files, notes } =
      target.format === "rnn-wasm" ? await native(model, target, flags, io) : await keras(model, target, flags, io);
    for (const [name] of files) refuseExisting(join(target.folder, name), flags.force ?? false);
    // A reader never meets a model file whose weights are not there yet.
    for (const [name, bytes] of files) await writeFileAtomically(join(target.folder, name), bytes);
    const bytes = files.reduce((sum, [, file]) => sum + file.length, 0);
    io.stdout.write(`${files.map(([name]) => join(target.folder, name)).join(", ")}: ${(bytes / 1e6).toFixed(1)} MB\n`);
    for (const note of model.origin.notes) io.stderr.write(`note: ${note}\n`);
    for (const note of notes) io.stderr.write(`${flags.approximate ? "warning" : "note"}: ${note}\n`);
  } finally {
    model.dispose();
  }
}

function targetOf(out: string, flags: ConvertFlags): Target {
  const ending = extname(out).toLowerCase();
  const single = { ".keras": "keras", ".h5": "h5", ".hdf5": "h5" }[ending] as ConvertFormat | undefined;
  const format = flags.format ?? single ?? "rnn-wasm";
  const isFile = single !== undefined || ending === ".json";
  const wantsFile = format === "keras" || format === "h5";
  if (wantsFile ? single !== format : single !== undefined) {
    const wanted = wantsFile ? `end in .${format}` : "be a folder or end in .json";
    throw new UsageError(`OUT must ${wanted} for the format ${format}; got ${out}`);
  }
  if (format !== "rnn-wasm" && (flags.dtype || flags.quantize || flags.verifyInput?.length)) {
    throw new UsageError(`--dtype, --quantize and --verify-input are for the format rnn-wasm, not for ${format}`);
  }
  if (format !== "rnn-wasm" && flags.samples?.length && !flags.approximate) {
    throw new UsageError(`--samples measures rounding (rnn-wasm) or --approximate, not an exact ${format}`);
  }
  if (flags.dtype && flags.quantize) throw new UsageError("give --dtype or --quantize, not both");
  if (format === "rnn-wasm" && flags.approximate) {
    throw new UsageError("--approximate is for Keras' formats; the format rnn-wasm holds every model exactly");
  }
  if (flags.keras && format !== "h5") throw new UsageError(`--keras says which Keras an .h5 is for; got ${out}`);
  if (flags.backend && flags.keras !== 1) throw new UsageError("--backend is for --keras 1");
  return { format, folder: isFile ? dirname(out) : out, name: isFile ? basename(out) : "model.json" };
}

async function native(model: Model, { name }: Target, flags: ConvertFlags, io: Io): Promise<Written> {
  const names = { json: name, weights: name === "model.json" ? "weights.safetensors" : `${name}.safetensors` };
  const { trainingConfig, verifyPair } = model.origin;
  const { dtype, quantize } = flags;
  const write = (verify?: VerifyPair): Written => {
    const files = writeNative(model.inference.root, {
      names,
      encoding: weightEncoding({ dtype, quantize }),
      ...(verify && { verify }),
      ...(trainingConfig !== undefined && { trainingConfig: trainingConfig as LayerConfig }),
    });
    return { files: [names.weights, names.json].map((file) => [file, files[file]!] as const), notes: [] };
  };
  const { verifyInput, samples } = flags;
  const notes = quantize && !samples?.length ? [NO_SAMPLES] : [];
  // Rounded weights give other outputs than those that the source file promises.
  const plain = write(quantize || dtype === "float16" ? undefined : verifyPair);
  if (!verifyInput?.length && !samples?.length) return { ...plain, notes };
  // The pair is that of the written file, so that rounding is in it and reading back is proven.
  const [weights, json] = write().files.map(([, bytes]) => bytes);
  const written = await loadModel({ json: json!, weights: weights! });
  try {
    if (samples?.length) {
      io.stdout.write(accuracyReport(model, written, await readInputFiles(samples, model.inputs, io)));
    }
    if (!verifyInput?.length) return { ...plain, notes };
    const x = await readInputFiles(verifyInput, written.inputs, io);
    return { ...write(recordPair(written, x, quantize === "int8" ? INT8_TOLERANCE : undefined)), notes };
  } finally {
    written.dispose();
  }
}

async function keras(model: Model, { format, name }: Target, flags: ConvertFlags, io: Io): Promise<Written> {
  const { writeModel } = await import("../formats/write/write-model.ts");
  const { files, notes } = writeModel(model.inference.root, format as Exclude<ConvertFormat, "rnn-wasm">, {
    approximate: flags.approximate ?? false,
    ...(flags.keras && { keras: flags.keras }),
    ...(flags.backend && { backend: flags.backend }),
  });
  if (flags.approximate && notes.length > 0) io.stdout.write(await approximationReport(model, files, flags, io));
  const named = Object.entries(files).map(
    ([file, bytes]) => [file.startsWith(".") || file === "model.json" ? name : file, bytes] as const,
  );
  return { files: named.sort(([a], [b]) => Number(a === name) - Number(b === name)), notes };
}

/** How far the written model's outputs are from the original's, as the target's Keras computes them. */
async function approximationReport(
  model: Model,
  files: Readonly<Record<string, Uint8Array>>,
  { samples }: ConvertFlags,
  io: Io,
): Promise<string> {
  const { "model.json": json, ...weights } = files;
  const written = await loadModel(json ? { json, weights } : Object.values(files)[0]!);
  try {
    if (samples?.length) return accuracyReport(model, written, await readInputFiles(samples, model.inputs, io));
    if (model.inputs.some((input) => input.dtype === "string")) return `${NO_TEXT}\n`;
    const report = accuracyReport(model, written, randomInputs(model) as ModelInput, "random samples");
    return `${report}pass inputs of yours as --samples for figures that count\n`;
  } finally {
    written.dispose();
  }
}
