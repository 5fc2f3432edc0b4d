import { type NpyData, writeNpy, writeNpz } from "../formats/npy.ts";
import type { Tensor } from "../platform/node.ts";
import { UsageError } from "./io.ts";

/** A float32 with the fewest digits that read back as the same float32; JSON has no NaN and no infinity. */
function shortest(value: number): string {
  if (!Number.isFinite(value)) return "null";
  for (let digits = 6; digits < 10; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

function nested({ data, shape }: Tensor): string {
  const item = (at: number): string => {
    const value = data[at]!;
    if (typeof value === "string") return JSON.stringify(value);
    return data instanceof Float32Array ? shortest(value) : String(value);
  };
  const part = (axis: number, from: number, size: number): string => {
    if (axis === shape.length) return item(from);
    const width = size / (shape[axis] || 1);
    const rows = Array.from({ length: shape[axis]! }, (_, i) => part(axis + 1, from + i * width, width));
    return `[${rows.join(axis === 0 ? ",\n " : ", ")}]`;
  };
  return part(0, 0, data.length);
}

/** Nested arrays as JSON; for several outputs an array of them. */
export function outputsToJson(outputs: readonly Tensor[]): string {
  if (outputs.length === 1) return `${nested(outputs[0]!)}\n`;
  return `[${outputs.map(nested).join(",\n\n")}]\n`;
}

/**
 * The content of an output file, by its name: `.npy` (one output), `.npz` (output_0, output_1 …) or `.json`.
 *
 * @throws {UsageError} If the name's ending is none of them, or `.npy` is asked for several outputs.
 */
export function outputFile(path: string, outputs: readonly Tensor[]): Uint8Array | string {
  if (path.endsWith(".json")) return outputsToJson(outputs);
  const arrays = outputs.map(({ data, shape }) => {
    if (Array.isArray(data)) throw new UsageError(`${path}: the model puts out text; write a .json file`);
    return { shape, data: data as NpyData };
  });
  if (path.endsWith(".npz")) return writeNpz(arrays.map((array, i) => [`output_${i}`, array] as const));
  if (arrays.length !== 1) {
    throw new UsageError(`the model has ${arrays.length} outputs: --output must end in .npz or .json; got ${path}`);
  }
  return writeNpy(arrays[0]!);
}

/** @throws {UsageError} If the ending is none that {@link outputFile} writes. */
export function checkOutputName(path: string): void {
  if (!/\.(json|npy|npz)$/.test(path)) {
    throw new UsageError(`--output must end in .npy, .npz or .json; got ${path}`);
  }
}
