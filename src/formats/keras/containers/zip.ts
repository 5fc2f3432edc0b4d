import { FormatError } from "../../../errors.ts";
import { foreignZip } from "../../foreign.ts";
import { readZip, type ZipArchive } from "../../zip.ts";
import { isObject, type JsonObject, parseJson } from "../safe-json.ts";
import type { FileArray } from "../weights/file-array.ts";
import { readNpzWeights } from "./npz-weights.ts";

/** A `.keras` file, opened. */
export interface KerasZip {
  readonly config: JsonObject;
  readonly version: string;
  /** The weights file, or its shards. */
  readonly weights: readonly Uint8Array[];
  /** The weights of a `model.weights.npz`, where that is in the place of an `.h5`. */
  readonly arrays: readonly FileArray[];
  readonly archive: ZipArchive;
}

/** What systems and tools add to archives. */
const LITTER = /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/;

/** The folder that holds config.json: archives repacked by hand often have one more around everything. */
function prefixOf(names: readonly string[]): string | undefined {
  const found = names.filter((name) => /(^|\/)config\.json$/.test(name)).map((name) => name.slice(0, -11));
  if (found.includes("")) return "";
  const holding = found.filter((folder) => names.some((name) => name.startsWith(`${folder}model.weights.`)));
  return holding.length === 1 ? holding[0] : found.length === 1 ? found[0] : undefined;
}

/** Opens a `.keras` file of tf.keras 2.12 to Keras 3, also one that was unpacked and packed again. */
export function readKerasZip(bytes: Uint8Array, what: string): KerasZip {
  const whole = readZip(bytes);
  const all = whole.names().filter((name) => !LITTER.test(name));
  const prefix = prefixOf(all);
  if (prefix === undefined) {
    const foreign = foreignZip(all);
    if (foreign) throw new FormatError(`${what} ${foreign}`);
    const names = all.slice(0, 8).join(", ") || "nothing";
    throw new FormatError(
      `${what} is a zip archive without config.json (it holds ${names}): not a .keras file. Save the model with model.save() as .keras or .h5.`,
    );
  }
  const archive: ZipArchive = {
    names: () => all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    has: (name) => whole.has(prefix + name),
    get: (name) => whole.get(prefix + name),
  };
  const json = (name: string): unknown => parseJson(new TextDecoder().decode(archive.get(name)), `${what}: ${name}`);
  const config = json("config.json");
  const metadata = archive.has("metadata.json") ? json("metadata.json") : null;
  if (!isObject(config)) throw new FormatError(`${what}: config.json is not an object.`);
  const version = isObject(metadata) ? metadata["keras_version"] : undefined;
  const names = archive
    .names()
    .filter((name) => /^[^/]*\.weights\.h5$/.test(name))
    .sort();
  const pickled = names.length === 0 && archive.has("model.weights.npz") ? archive.get("model.weights.npz") : undefined;
  return {
    config,
    version: typeof version === "string" ? version : "",
    weights: names.map((name) => archive.get(name)!),
    arrays: pickled ? readNpzWeights(pickled, what) : [],
    archive,
  };
}
