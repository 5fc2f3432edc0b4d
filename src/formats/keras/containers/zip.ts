import { FormatError } from "../../../errors.ts";
import { readZip, type ZipArchive } from "../../zip.ts";
import { isObject, type JsonObject, parseJson } from "../safe-json.ts";

/** A `.keras` file, opened. */
export interface KerasZip {
  readonly config: JsonObject;
  readonly version: string;
  /** The weights file, or its shards. */
  readonly weights: readonly Uint8Array[];
  readonly archive: ZipArchive;
}

/** Opens a `.keras` file of tf.keras 2.12 to Keras 3. */
export function readKerasZip(bytes: Uint8Array, what: string): KerasZip {
  const archive = readZip(bytes);
  const text = (name: string): string => {
    const member = archive.get(name);
    if (member) return new TextDecoder().decode(member);
    const names = archive.names().slice(0, 8).join(", ") || "nothing";
    throw new FormatError(
      `${what} is a zip archive without ${name} (it holds ${names}): not a .keras file. A SavedModel or a zipped folder must be saved as .keras or .h5 first.`,
    );
  };
  const config = parseJson(text("config.json"), `${what}: config.json`);
  const metadata = archive.has("metadata.json") ? parseJson(text("metadata.json"), `${what}: metadata.json`) : null;
  if (!isObject(config)) throw new FormatError(`${what}: config.json is not an object.`);
  const version = isObject(metadata) ? metadata["keras_version"] : undefined;
  const names = archive
    .names()
    .filter((name) => /^[^/]*\.weights\.h5$/.test(name))
    .sort();
  if (names.length === 0 && archive.has("model.weights.npz")) {
    throw new FormatError(
      `${what} keeps its weights as model.weights.npz, which is Python's pickle inside. Save it again with model.save().`,
    );
  }
  return {
    config,
    version: typeof version === "string" ? version : "",
    weights: names.map((name) => archive.get(name)!),
    archive,
  };
}
