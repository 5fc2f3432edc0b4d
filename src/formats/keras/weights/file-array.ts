import { WeightsError } from "../../../errors.ts";
import type { Shape } from "../../../tensor.ts";
import type { Hdf5Dataset } from "../../hdf5/index.ts";

/** One array of a weights file; its values are read when asked for. */
export interface FileArray {
  /** As the file calls it: `lstm/kernel:0`, `layers/lstm/cell/vars/0`. */
  readonly name: string;
  readonly shape: Shape;
  /** The values as float32 in C order. May be a view of the file: never changed. */
  read(): Float32Array;
}

/** An array in memory, ready for a layer. */
export interface WeightArray {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/** A dataset of an HDF5 file as an array. */
export function fromDataset(dataset: Hdf5Dataset, name: string): FileArray {
  return { name, shape: dataset.shape, read: () => dataset.readFloat32() };
}

/** The values with their shape, checked. */
export function load(array: FileArray): WeightArray {
  const data = array.read();
  const size = array.shape.reduce((product, n) => product * n, 1);
  if (data.length !== size) {
    throw new WeightsError(
      `The weight ${array.name} has ${data.length} values; its shape [${array.shape}] needs ${size}. The file is damaged.`,
    );
  }
  return { data, shape: array.shape };
}
