import { OptionError, UnsupportedLayerError } from "../../errors.ts";
import type { GraphLayer } from "../../model/graph-layer.ts";
import { writeHdf5 } from "../hdf5/write/write.ts";
import { writeZip } from "../zip-write.ts";
import { carryOver, KERAS3_RULES, type Refusal } from "./carry-over.ts";
import { keras3Model } from "./keras3-config.ts";
import { keras3Weights } from "./keras3-weights.ts";
import { writeTree } from "./write-tree.ts";

/** Containers that can be written. */
export type WriteFormat = "keras";

/** Options of {@link writeModel}. */
export interface WriteOptions {
  /** Writes what cannot be carried over exactly as the nearest thing, with a note, instead of refusing it. */
  readonly approximate?: boolean;
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
  if (format !== "keras") throw new OptionError(`The format must be "keras"; got ${JSON.stringify(format)}.`);
  const notes: string[] = [];
  const refuse: Refusal = (layer, what) => {
    const sentence = `${layer.className} layer "${layer.name}": ${what}.`;
    if (!options.approximate) {
      throw new UnsupportedLayerError(`${sentence} Pass approximate (--approximate) to write it with that difference.`);
    }
    notes.push(sentence);
  };
  const tree = writeTree(root);
  carryOver(tree, root.profile, KERAS3_RULES, refuse);
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const archive = writeZip([
    ["metadata.json", encode({ keras_version: "3.0.0", date_saved: "1980-01-01@00:00:00" })],
    ["config.json", encode(keras3Model(tree))],
    ["model.weights.h5", writeHdf5(keras3Weights(tree))],
  ]);
  return { files: { ".keras": archive }, notes };
}
