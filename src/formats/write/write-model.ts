import { OptionError, UnsupportedLayerError } from "../../errors.ts";
import type { GraphLayer } from "../../model/graph-layer.ts";
import { ensureGroup } from "../hdf5/write/tree.ts";
import { writeHdf5 } from "../hdf5/write/write.ts";
import { writeZip } from "../zip-write.ts";
import { fitKeras3 } from "./fit-keras3.ts";
import { keras1H5 } from "./keras1.ts";
import { keras2Model } from "./keras2-config.ts";
import { refuseForKeras2 } from "./keras2-lacks.ts";
import { keras2Training } from "./keras2-training.ts";
import { keras2Weights } from "./keras2-weights.ts";
import { keras3Model } from "./keras3-config.ts";
import { keras3Weights } from "./keras3-weights.ts";
import { carryOver, KERAS2_RULES, type Refusal } from "./repairs/carry-over.ts";
import { refuseLostMasks } from "./repairs/explicit-masks.ts";
import { tfjsFiles } from "./tfjs.ts";
import { everyLayer, type WriteLayer, writeTree } from "./write-tree.ts";

/** Containers that can be written. */
export type WriteFormat = "keras" | "h5" | "tfjs";

/** What a legacy `.h5` says of its writer: every Keras from 2.2.3 reads it. */
const KERAS2_VERSION = "2.2.4";
/** Attributes above this need variable-length text, which Keras before 2.4 cannot decode under new h5py. */
const FIXED_LIMIT = 64000;

/** What older Kerases do not read. */
const TRAINED_H5 =
  "The .h5 file holds the optimizer's state as tf.keras from 2.11 has it. Pass includeOptimizer: false for an older Keras, and save as .keras to train on in Keras 3.";

/** Options of {@link writeModel}. */
export interface WriteOptions {
  /** Writes what cannot be carried over exactly as the nearest thing, with a note, instead of refusing it. */
  readonly approximate?: boolean;
  /** `.h5` for Keras 1 instead of Keras 2 and tf.keras. */
  readonly keras?: 1 | 2;
  /** For Keras 1: whose convolutions the kernels are for; by default those of the model's own Keras. */
  readonly backend?: "theano" | "tensorflow";
  /** For `.keras` and `.h5`: how the model was trained. */
  readonly training?: WrittenTraining;
}

/** Keras' compile config, and the optimizer's variables in Keras' order. */
export interface WrittenTraining {
  readonly compileConfig: Readonly<Record<string, unknown>>;
  readonly optimizer: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: Float32Array;
  }[];
}

/** The files of a written model. */
export interface WrittenModel {
  /** By name; a single container is called by its extension alone, ".keras". */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** What was changed or approximated on the way, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Writes a model for Keras.
 *
 * @throws {UnsupportedLayerError} If the target cannot express something and `approximate` is not set.
 */
export function writeModel(root: GraphLayer, format: WriteFormat, options: WriteOptions = {}): WrittenModel {
  const notes: string[] = [];
  const refuse: Refusal = (layer, what) => {
    const sentence = `${layer.className} layer "${layer.name}": ${what}.`;
    if (!options.approximate) {
      throw new UnsupportedLayerError(`${sentence} Pass approximate (--approximate) to write it with that difference.`);
    }
    notes.push(sentence);
  };
  checkTarget(format, options);
  if (options.keras === 1) return { files: { ".h5": keras1H5(root, refuse, options.backend) }, notes };
  const tree = writeTree(root);
  if (!root.profile.bidirectionalHeedsZeroes) dropUnheededZeroes(tree);
  if (format === "keras") {
    fitKeras3(tree, root.profile, refuse, notes);
  } else {
    carryOver(tree, root.profile, KERAS2_RULES, refuse);
    if (format === "h5") refuseForKeras2(tree, root.profile.era, refuse);
    if (root.profile.initialStateLosesMask) refuseLostMasks(tree, refuse);
  }
  switch (format) {
    case "keras":
      return { files: { ".keras": kerasArchive(tree, options.training) }, notes };
    case "h5":
      if (options.training) notes.push(TRAINED_H5);
      return { files: { ".h5": legacyH5(tree, refuse, options.training) }, notes };
    case "tfjs":
      return { files: tfjsFiles(tree, refuse), notes };
    default:
      throw new OptionError(`The format must be "keras", "h5" or "tfjs"; got ${JSON.stringify(format)}.`);
  }
}

/** Takes zero_output_for_mask from the layers of a Bidirectional of last outputs, whose Keras does not heed it there. */
function dropUnheededZeroes(tree: WriteLayer): void {
  for (const { className, children } of everyLayer(tree)) {
    if (className !== "Bidirectional") continue;
    for (const { layer } of children)
      if (layer.config["returnSequences"] !== true) delete layer.config["zeroOutputForMask"];
  }
}

function checkTarget(format: WriteFormat, { keras = 2, backend }: WriteOptions): void {
  if (keras !== 1 && keras !== 2) throw new OptionError(`\`keras\` must be 1 or 2; got ${JSON.stringify(keras)}.`);
  if (keras === 1 && format !== "h5") throw new OptionError(`Keras 1 reads "h5" alone; got the format "${format}".`);
  if (backend !== undefined && keras !== 1) throw new OptionError("`backend` is for files of Keras 1.");
}

/** A `.keras` archive that Keras 3.0 and every later one reads. */
function kerasArchive(tree: WriteLayer, training: WrittenTraining | undefined): Uint8Array {
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const weights = keras3Weights(tree);
  const vars = training && ensureGroup(weights, "optimizer/vars");
  training?.optimizer.forEach(({ shape, data }, i) => {
    vars!.children.set(String(i), { shape, data });
  });
  return writeZip([
    ["metadata.json", encode({ keras_version: "3.0.0", date_saved: "1980-01-01@00:00:00" })],
    ["config.json", encode({ ...keras3Model(tree), ...(training && { compile_config: training.compileConfig }) })],
    ["model.weights.h5", writeHdf5(weights)],
  ]);
}

/** A legacy `.h5` with model and weights. */
function legacyH5(tree: WriteLayer, refuse: Refusal, training: WrittenTraining | undefined): Uint8Array {
  const json = JSON.stringify(keras2Model(tree, refuse));
  const trained = training && keras2Training(training);
  const children = new Map([["model_weights", keras2Weights(tree, KERAS2_VERSION)]]);
  if (trained) children.set("optimizer_weights", trained.weights);
  return writeHdf5({
    attributes: {
      keras_version: KERAS2_VERSION,
      backend: "tensorflow",
      model_config: json.length < FIXED_LIMIT ? json : { kind: "vlen", value: json },
      ...trained?.attributes,
    },
    children,
  });
}
