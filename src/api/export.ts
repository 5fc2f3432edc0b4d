import { OptionError } from "../errors.ts";
import { weightEncoding } from "../formats/native/weight-encoding.ts";
import { writeNative } from "../formats/native/write.ts";
import type { WrittenTraining } from "../formats/write/write-model.ts";
import type { LayerConfig } from "../layers/layer.ts";
import type { InferenceModel } from "../model/model.ts";
import type { Model } from "./model.ts";
import type { Platform } from "./source.ts";

/** Formats that models are written in. */
export type ExportFormat = "rnn-wasm" | "keras" | "h5" | "tfjs";

/** Options of `model.export` and `model.save`. */
export interface ExportOptions {
  /** How our own format stores weights; float16 halves the file and rounds to 11 bits. */
  readonly dtype?: "float32" | "float16";
  /**
   * Our own format: int8 keeps the kernels of LSTM, GRU, SimpleRNN and Dense and the tables of Embedding in a quarter of
   * the bytes, on disk and in memory, and computes with them; float16 is the same as by `dtype`.
   */
  readonly quantize?: "int8" | "float16";
  /** Writes what the target cannot express as the nearest thing, with a note, instead of refusing. */
  readonly approximate?: boolean;
  /** Which Keras an `.h5` is for: 1 for Keras 1.0.7 to 1.2; 2, the default, for Keras from 2.2.3 and tf.keras. */
  readonly keras?: 1 | 2;
  /** For Keras 1: whose convolutions the kernels are for; by default those of the model's own Keras. */
  readonly backend?: "theano" | "tensorflow";
  /**
   * True by default: of a model that was trained here, `.keras`, `.h5` and our own format hold how it is compiled and the
   * optimizer's state, so that training goes on here and in Keras.
   */
  readonly includeOptimizer?: boolean;
}

/** A model's files by name; a single container's name is its ending alone. */
export interface ExportedModel {
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** What was changed or approximated on the way, one sentence each. */
  readonly notes: readonly string[];
}

const FORMATS: readonly string[] = ["rnn-wasm", "keras", "h5", "tfjs"] satisfies ExportFormat[];
const ROUNDING = {
  dtype: ["float32", "float16"],
  quantize: ["int8", "float16"],
} satisfies { readonly [Key in "dtype" | "quantize"]: readonly ExportOptions[Key][] };
const KNOWN = [...Object.keys(ROUNDING), "approximate", "keras", "backend", "includeOptimizer", "format"];

/** @throws {OptionError} For what would be written otherwise than asked for. */
function checkOptions(format: ExportFormat, options: ExportOptions): void {
  if (!FORMATS.includes(format)) {
    throw new OptionError(`The format must be one of ${FORMATS.join(", ")}; got ${JSON.stringify(format)}.`);
  }
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    throw new OptionError(`The option \`${unknown}\` is not known. Known: ${KNOWN.join(", ")}.`);
  }
  if (options.dtype && options.quantize) throw new OptionError("Give `dtype` or `quantize`, not both.");
  for (const [key, values] of Object.entries(ROUNDING)) {
    const value = options[key as keyof typeof ROUNDING];
    if (value === undefined) continue;
    if (!(values as readonly unknown[]).includes(value)) {
      throw new OptionError(`\`${key}\` must be ${values.join(" or ")}; got ${JSON.stringify(value)}.`);
    }
    if (format !== "rnn-wasm") {
      throw new OptionError(`\`${key}\` is for our own format, "rnn-wasm"; "${format}" holds weights as they are.`);
    }
  }
}

/** Writes a model in memory; the writers for Keras are loaded when one is asked for. */
export async function exportModel(
  model: InferenceModel,
  format: ExportFormat,
  options: ExportOptions = {},
  training?: WrittenTraining,
): Promise<ExportedModel> {
  checkOptions(format, options);
  if (format === "rnn-wasm") {
    const { dtype, quantize } = options;
    const trained = training && {
      trainingConfig: training.compileConfig as LayerConfig,
      optimizer: training.optimizer,
    };
    const files = writeNative(model.root, { encoding: weightEncoding({ dtype, quantize }), ...trained });
    return { files, notes: [] };
  }
  const { writeModel } = await import("../formats/write/write-model.ts");
  const { approximate = false, keras, backend } = options;
  const given = { ...(keras && { keras }), ...(backend && { backend }), ...(training && { training }) };
  return writeModel(model.root, format, { approximate, ...given });
}

/** Writes a model to a file or folder of the platform's; the ending of `target` says the format. @returns Notes. */
export async function saveModel(
  model: Pick<Model, "export">,
  platform: Platform | undefined,
  target: string,
  options: ExportOptions & { readonly format?: ExportFormat },
): Promise<readonly string[]> {
  const write = platform?.write;
  if (!write) {
    throw new OptionError("There are no files to save to here; use model.export(format) and keep the bytes.");
  }
  const ending = /\.(keras|h5|hdf5)$/i.exec(target)?.[1]?.toLowerCase();
  const format = options.format ?? (ending === "keras" ? "keras" : ending ? "h5" : "rnn-wasm");
  const { files, notes } = await model.export(format, options);
  await write(target, files);
  return notes;
}
