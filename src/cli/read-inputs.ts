import { readFile } from "node:fs/promises";
import { type NpyArray, readNpy, readNpz } from "../formats/npy.ts";
import { FormatError, type InputSpec, type ModelInput, type Tensor, type TensorLike } from "../platform/node.ts";
import { type Io, readStdin, UsageError } from "./io.ts";

type Named = Readonly<Record<string, TensorLike>>;

/**
 * Reads the values of `--input`: `.npy`, `.npz` or JSON files, `-` for standard input, each optionally as `name=file`.
 * Content decides what a file is, not its name.
 */
export async function readInputFiles(
  given: readonly string[],
  inputs: readonly InputSpec[],
  io: Io,
): Promise<ModelInput> {
  const names = inputs.map((input) => input.name);
  const list: TensorLike[] = [];
  const byName: Record<string, TensorLike> = {};
  for (const item of given) {
    const name = names.find((candidate) => item.startsWith(`${candidate}=`));
    const path = name === undefined ? item : item.slice(name.length + 1);
    const value = parseInput(await readBytes(path, io), path === "-" ? "standard input" : path);
    if (name !== undefined) byName[name] = single(value, path);
    else if ("named" in value) Object.assign(byName, value.named);
    else list.push(value.tensor);
  }
  const count = Object.keys(byName).length;
  if (count === 0) return list.length === 1 ? (list[0] as ModelInput) : list;
  if (list.length > 0) throw new UsageError("name all inputs or none: mixing --input name=file and --input file");
  const known = Object.keys(byName).every((name) => names.includes(name));
  return known || count !== names.length ? byName : renumbered(byName, inputs);
}

/** What a file holds: one array, or several by name. */
export type Value = { readonly tensor: TensorLike } | { readonly named: Named };

/** numpy.savez without names calls arrays arr_0, arr_1 …: those are taken in order. */
function renumbered(byName: Named, inputs: readonly InputSpec[]): ModelInput {
  const ordered = inputs.map((_, i) => byName[`arr_${i}`]);
  if (ordered.some((value) => value === undefined)) return byName;
  return ordered.length === 1 ? ordered[0]! : (ordered as TensorLike[]);
}

function single(value: Value, path: string): TensorLike {
  if ("tensor" in value) return value.tensor;
  const arrays = Object.values(value.named);
  if (arrays.length !== 1) throw new FormatError(`${path} holds ${arrays.length} arrays; one was expected`);
  return arrays[0]!;
}

/** A file's bytes, or those of standard input for `-`. @throws {FormatError} If it cannot be read. */
export async function readBytes(path: string, io: Io): Promise<Uint8Array> {
  if (path === "-") return readStdin(io);
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why =
      { ENOENT: "there is no such file", EISDIR: "it is a folder", EACCES: "permission denied" }[code] ?? code;
    throw new FormatError(`${path} cannot be read: ${why}`);
  }
}

/** @throws {FormatError} If the bytes are none of the formats. */
export function parseInput(bytes: Uint8Array, name: string): Value {
  if (bytes.length === 0) throw new FormatError(`${name} is empty; expected JSON, .npy or .npz`);
  try {
    if (bytes[0] === 0x93) return { tensor: fromNpy(readNpy(bytes)) };
    if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
      return { named: Object.fromEntries([...readNpz(bytes)].map(([key, array]) => [key, fromNpy(array)])) };
    }
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`${name}: ${error.message}`) : error;
  }
  return parseJson(new TextDecoder().decode(bytes), name);
}

function parseJson(text: string, name: string): Value {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${name} is neither .npy, .npz nor valid JSON (${(error as Error).message})`);
  }
  if (typeof json !== "object" || json === null) {
    throw new FormatError(`${name} must hold nested arrays, or an object of them by input name`);
  }
  if (Array.isArray(json)) return { tensor: json as TensorLike };
  return { named: json as Named };
}

function fromNpy({ shape, data }: NpyArray): Tensor {
  if (data instanceof Float32Array) return { shape, data };
  // Ids beyond float32's 24 bits keep their digits; floats of other widths are rounded once.
  const whole = !(data instanceof Float64Array);
  const numbers = ArrayBuffer.isView(data) ? data : [];
  return { shape, data: whole ? Int32Array.from(numbers, Number) : Float32Array.from(numbers, Number) };
}
