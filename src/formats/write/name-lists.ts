import { UnsupportedLayerError } from "../../errors.ts";

/** Keras' HDF5_OBJECT_HEADER_LIMIT: what one attribute holds at most, in bytes. */
const LIMIT = 64512;

/**
 * A list of names as attributes: one of its own name, or, where that would not fit, parts `key0`, `key1` … as Keras
 * writes them (`save_attributes_to_hdf5_group`).
 *
 * @throws {UnsupportedLayerError} If one name alone is longer than an attribute.
 */
export function nameLists(key: string, names: readonly string[]): Record<string, readonly string[]> {
  const encoder = new TextEncoder();
  const widest = names.reduce((most, name) => Math.max(most, encoder.encode(name).length), 0);
  if (widest > LIMIT) {
    throw new UnsupportedLayerError(
      `An .h5 file holds names of at most ${LIMIT} bytes; \`${key}\` has one of ${widest}.`,
    );
  }
  const fit = Math.max(1, Math.floor(LIMIT / Math.max(1, widest)));
  if (names.length <= fit) return { [key]: names };
  const parts: Record<string, readonly string[]> = {};
  for (let from = 0; from < names.length; from += fit) parts[`${key}${from / fit}`] = names.slice(from, from + fit);
  return parts;
}
