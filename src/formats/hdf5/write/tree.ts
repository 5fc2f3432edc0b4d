import { FormatError } from "../../../errors.ts";
import type { NumberArray } from "../../number-array.ts";

/** Text of an attribute or dataset and how it is stored. */
export interface Hdf5WriteText {
  /**
   * `fixed`: NUL-padded to the longest, read as bytes by every h5py; at most 64 KB per attribute.
   * `vlen`: in the global heap, of any length, read as `str` by h5py 3.
   */
  kind: "fixed" | "vlen";
  /** A string is a scalar, a list an array of one dimension. */
  value: string | readonly string[];
}

/** Numbers of an attribute or dataset. */
export interface Hdf5WriteNumbers {
  /** `[]` for a scalar. */
  shape: readonly number[];
  data: NumberArray;
  /** Says that 16-bit patterns are floats (float16.ts makes them), or that bytes are truth values. */
  dtype?: "float16" | "bfloat16" | "bool";
}

/** A plain string or list of strings means fixed-length text, a number a scalar int64 or float64. */
export type Hdf5WriteAttribute = string | readonly string[] | number | Hdf5WriteText | Hdf5WriteNumbers;

export type Hdf5WriteDataset = (Hdf5WriteNumbers | Hdf5WriteText) & {
  attributes?: Readonly<Record<string, Hdf5WriteAttribute>>;
};

/** A group to be written: children by name, which may hold any character but "/" and NUL. */
export interface Hdf5WriteGroup {
  attributes?: Readonly<Record<string, Hdf5WriteAttribute>>;
  children: Map<string, Hdf5WriteGroup | Hdf5WriteDataset>;
}

/**
 * The group at a path below `group`, made if it does not exist.
 *
 * @param path names separated by "/"; "" is the group itself
 * @throws FormatError if a dataset is in the way
 */
export function ensureGroup(group: Hdf5WriteGroup, path: string): Hdf5WriteGroup {
  let current = group;
  for (const name of path.split("/").filter((part) => part !== "")) {
    const found = current.children.get(name);
    if (found !== undefined && !("children" in found)) {
      throw new FormatError(`HDF5 file: ${name} in ${path} is a dataset`);
    }
    const next: Hdf5WriteGroup = found ?? { children: new Map() };
    current.children.set(name, next);
    current = next;
  }
  return current;
}
