import { FormatError } from "../../../errors.ts";
import { isObject } from "../safe-json.ts";

/**
 * The files that Keras' index of sharded weights names (`model.weights.json`, from 3.10 on); undefined if the JSON is no
 * such index. A layer's variables may lie in one file or be spread over several.
 *
 * @throws {FormatError} If the index is damaged.
 */
export function shardNames(json: unknown, name: string): readonly string[] | undefined {
  if (!isObject(json) || !isObject(json["weight_map"])) return undefined;
  const files: readonly unknown[] = Object.values(json["weight_map"]).flat();
  for (const file of files) {
    if (typeof file === "string" && !/[\\/]/.test(file)) continue;
    throw new FormatError(`${name}: its weight_map names ${JSON.stringify(file)}, which is no file beside it.`);
  }
  return [...new Set(files as readonly string[])];
}
