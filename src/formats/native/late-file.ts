import type { WeightArray } from "../../layers/layer.ts";
import type { SafetensorsData } from "../safetensors.ts";

/** A typed array over bytes of a file. */
export type FilePart = Uint8Array | SafetensorsData;

/** A file that is read in parts, when they are needed. */
export interface LateFile {
  /** Memory for all of the file. What has not been brought is zero. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Reads the part of the file behind a view of `bytes`; other arrays are left alone.
   *
   * @param into - Gets the part instead, as an array of the same kind and length.
   * @throws {FormatError} If the file cannot be read any more, or was overwritten meanwhile.
   */
  bring<Part extends FilePart>(part: Part, into?: Part): void;
  /** A weight over a view of `bytes` that is not needed yet: it is read in the background, or sooner when it is looked at. */
  later(part: Float32Array): NonNullable<WeightArray["late"]>;
}
