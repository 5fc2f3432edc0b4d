import { FormatError } from "../../errors.ts";
import { type Limits, withDefaults } from "../limits.ts";
import { Hdf5File, type Hdf5Group } from "./group.ts";
import { openSuperblock } from "./superblock.ts";

/**
 * Opens an HDF5 file and returns its root group.
 *
 * Reads what Keras of every era, h5py and HDF5 up to 2.0 write: superblocks 0 to 3 (also after a user block), old and
 * new groups, attributes in every storage, compact, contiguous and chunked data with deflate, shuffle and Fletcher-32.
 * Not: soft and external links, virtual datasets, compound types, other filters; these are refused when asked for.
 *
 * The bytes are kept and results may be views of them: leave them unchanged.
 *
 * @throws FormatError if the bytes are not HDF5, truncated, damaged or hostile; here, or when an object is asked for
 * @example
 * const root = openHdf5(bytes);
 * const names = root.get("model_weights")?.attributes.get("layer_names");
 */
export function openHdf5(bytes: Uint8Array, limits?: Partial<Limits>): Hdf5Group {
  const { source, rootAddress } = openSuperblock(bytes, withDefaults(limits));
  const root = new Hdf5File(source).open(rootAddress, "/", 0);
  if (root.kind !== "group") throw new FormatError("HDF5 file: its root is not a group; the file is damaged");
  return root;
}
