import { OptionError, UnsupportedLayerError } from "../errors.ts";
import { readKerasZip } from "../formats/keras/containers/zip.ts";
import { weightOwners } from "../formats/native/weight-names.ts";
import { readModel } from "../formats/read-model.ts";
import { sniff } from "../formats/sniff.ts";
import { buildRoot } from "./build-root.ts";
import { layersFor } from "./companions.ts";
import type { Model } from "./model.ts";
import { type Platform, readSource, withShards } from "./source.ts";

/** A model as today's Keras keeps it: what `to_json()` gives, and a `.weights.h5` file. */
export interface KerasParts {
  readonly json: string;
  readonly weights: Uint8Array;
}

/** @throws {UnsupportedLayerError} If Keras 3 has no such model. */
export async function kerasParts(model: Model): Promise<KerasParts> {
  const { files } = await model.export("keras", { includeOptimizer: false });
  const { config, weights } = readKerasZip(files[".keras"]!, "the model");
  return { json: JSON.stringify(config), weights: weights[0]! };
}

/** Writes the weights alone, under Keras' ending. */
export async function saveWeights(model: Model, path: string, platform: Platform | undefined): Promise<void> {
  if (!platform?.write) throw new OptionError("There are no files to save to here; use model.export(format).");
  if (!/\.weights\.h5$/.test(path)) {
    throw new OptionError(`saveWeights: the path must end in .weights.h5, as in Keras; got ${JSON.stringify(path)}.`);
  }
  if (model.profile.era !== "keras3") {
    throw new UnsupportedLayerError(
      `saveWeights writes for Keras 3, whose layers may need other weights than Keras ${model.profile.version}'s: save the whole model, model.save("model.keras").`,
    );
  }
  // A platform writes a single file whose name starts with a dot by its own path.
  await platform.write(path, { ".weights.h5": (await kerasParts(model)).weights });
}

/** Takes the weights of a file of Keras', which may hold a model as well. */
export async function loadWeights(
  model: Model,
  source: string | URL | Uint8Array,
  byName: boolean,
  platform: Platform | undefined,
): Promise<void> {
  if (!platform) throw new OptionError("loadWeights needs a model of rnn-wasm's or rnn-wasm/training's entries.");
  const weights = source instanceof Uint8Array ? source : await withShards(await platform.open(source));
  const isModel = weights instanceof Uint8Array && sniff(weights) !== "hdf5";
  const files = await readSource(isModel ? weights : { json: (await kerasParts(model)).json, weights }, platform);
  const parsed = readModel(files, { byName });
  const root = buildRoot(parsed.graph, parsed.profile, await layersFor(parsed.graph));
  parsed.weights.assign(root);
  model.setWeights(weightOwners(root).flatMap(({ layer }) => layer.getWeights()));
}
