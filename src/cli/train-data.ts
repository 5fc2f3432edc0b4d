import { basename, extname, resolve } from "node:path";
import { FormatError, type TensorLike } from "../platform/node.ts";
import { formatShape, type Tensor, toTensor } from "../tensor.ts";
import { isRecord, type Json, keyed, textOf } from "./config-keys.ts";
import { type Io, UsageError } from "./io.ts";
import { readCsv } from "./read-csv.ts";
import { parseInput, readBytes, type Value } from "./read-inputs.ts";

/** One array of the data, or several by the names of a model's inputs or outputs. */
export type Arrays = Tensor | Readonly<Record<string, Tensor>>;

/** x, y and weights of a data set. */
export interface TrainData {
  readonly x: Arrays;
  readonly y: Arrays;
  readonly sampleWeight?: Arrays;
}

const ARRAY = ["file", "array", "columns", "shape"];

/** Reads the data files that a config names, each once. */
export class DataReader {
  readonly #folder: string;
  readonly #io: Io;
  readonly #files = new Map<string, Promise<Uint8Array>>();

  /** @param folder - Where the paths begin: the config's folder. */
  constructor(folder: string, io: Io) {
    this.#folder = folder;
    this.#io = io;
  }

  /** @throws {UsageError | FormatError} The message names the config's key or the file. */
  async set(value: unknown, where: string): Promise<TrainData> {
    const given = keyed(value, where, ["x", "y", "sampleWeight"]);
    for (const key of ["x", "y"]) if (given[key] === undefined) throw new UsageError(`${where}: "${key}" is missing`);
    const x = await this.#arrays(given["x"], `${where}.x`);
    const y = await this.#arrays(given["y"], `${where}.y`);
    const weights = given["sampleWeight"];
    return { x, y, ...(weights != null && { sampleWeight: await this.#arrays(weights, `${where}.sampleWeight`) }) };
  }

  async #arrays(value: unknown, where: string): Promise<Arrays> {
    if (typeof value === "string") return this.#file({ file: value }, where);
    if (Array.isArray(value)) return toTensor(value as TensorLike, where);
    if (!isRecord(value)) {
      throw new UsageError(`${where} must name a file (.npy, .npz, .csv or .json); got ${JSON.stringify(value)}`);
    }
    // Anything but `file` and what goes with it is the name of an input or output.
    if (Object.keys(value).some((key) => ARRAY.includes(key))) {
      return this.#file(keyed(value, where, ARRAY), where);
    }
    const named = Object.entries(value).map(async ([name, item]) => {
      const array = await this.#arrays(item, `${where}.${name}`);
      if (!("shape" in array)) throw new UsageError(`${where}.${name}: the file holds several arrays; name one`);
      return [name, array as Tensor] as const;
    });
    return Object.fromEntries(await Promise.all(named));
  }

  async #file(spec: Json, where: string): Promise<Arrays> {
    const name = textOf(spec["file"], `${where}.file`);
    const value = await this.#value(name, spec, where);
    if ("tensor" in value) {
      if (spec["array"] !== undefined) throw new UsageError(`${where}.array: ${name} holds a single array`);
      return reshaped(toTensor(value.tensor, name), spec["shape"], where);
    }
    const arrays = Object.entries(value.named).map(
      ([key, array]) => [key, toTensor(array, `${name}: ${key}`)] as const,
    );
    const wanted = spec["array"] ?? (arrays.length === 1 ? arrays[0]![0] : undefined);
    if (wanted === undefined) return Object.fromEntries(arrays);
    const found = arrays.find(([key]) => key === wanted);
    if (!found) {
      const has = arrays.map(([key]) => key).join(", ");
      throw new UsageError(`${where}.array: ${name} has no array ${JSON.stringify(wanted)}; it has ${has}`);
    }
    return reshaped(found[1], spec["shape"], where);
  }

  async #value(name: string, spec: Json, where: string): Promise<Value> {
    const path = resolve(this.#folder, name);
    const reading = this.#files.get(path) ?? readBytes(path, this.#io);
    this.#files.set(path, reading);
    const bytes = await reading;
    const columns = spec["columns"];
    if (![".csv", ".tsv"].includes(extname(name).toLowerCase())) {
      if (columns !== undefined) throw new UsageError(`${where}.columns is for .csv and .tsv files; got ${name}`);
      return parseInput(bytes, basename(name));
    }
    const list = columns === undefined || Array.isArray(columns) ? columns : [columns];
    if (list?.some((column: unknown) => typeof column !== "string" && typeof column !== "number")) {
      throw new UsageError(`${where}.columns must be names or numbers from 0; got ${JSON.stringify(columns)}`);
    }
    return { tensor: readCsv(new TextDecoder().decode(bytes), basename(name), list as (string | number)[]) };
  }
}

/** The same numbers in samples of another shape. */
function reshaped(tensor: Tensor, shape: unknown, where: string): Tensor {
  if (shape === undefined) return tensor;
  const rest = Array.isArray(shape) ? (shape as unknown[]) : [];
  const fits = Array.isArray(shape) && rest.every((n) => Number.isInteger(n) && (n as number) > 0);
  if (!fits) {
    throw new UsageError(`${where}.shape must be a sample's shape, like [10, 2]; got ${JSON.stringify(shape)}`);
  }
  const size = (rest as number[]).reduce((n, axis) => n * axis, 1);
  const rows = tensor.data.length / size;
  if (!Number.isInteger(rows)) {
    throw new FormatError(`${where}.shape: ${formatShape(tensor.shape)} does not come apart into samples of ${size}`);
  }
  return { data: tensor.data, shape: [rows, ...(rest as number[])] };
}
