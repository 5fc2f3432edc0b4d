import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelSource } from "../../src/api/source.ts";
import type { DType, Tensor } from "../../src/tensor.ts";

/** Beside the project; absent outside the place where it is developed. */
export const GOLDENS = join(dirname(fileURLToPath(import.meta.url)), "../../../shared/goldens");

export const hasGoldens = existsSync(join(GOLDENS, "index.json"));

/** A tensor as case.json holds it. */
export interface GoldenTensor {
  readonly name?: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}

/** A model in one or two files. */
export interface GoldenFiles {
  readonly file?: string;
  readonly json?: string;
  readonly yaml?: string;
  readonly weights?: string;
}

/** A case of kind "predict". */
export interface GoldenCase {
  readonly id: string;
  readonly about: string;
  readonly tags: readonly string[];
  readonly models: readonly GoldenFiles[];
  readonly expect: "ok" | "refused";
  readonly why?: string;
  readonly calls: readonly {
    readonly inputs: readonly GoldenTensor[];
    readonly outputs: readonly GoldenTensor[];
    readonly reset?: boolean;
  }[];
  readonly tolerance: { readonly abs: number; readonly rel: number };
}

/** Entries of the index of one kind. */
export function goldenIndex(kind: string): readonly { id: string; folder: string; tags: readonly string[] }[] {
  if (!hasGoldens) return [];
  const index = JSON.parse(readFileSync(join(GOLDENS, "index.json"), "utf8"));
  return index.filter((entry: { kind: string }) => entry.kind === kind);
}

/** A case by folder. */
export function readCase(folder: string): GoldenCase {
  return JSON.parse(readFileSync(join(GOLDENS, folder, "case.json"), "utf8"));
}

/** What loadModel takes for one form of a model, read into memory where there are two files. */
export function sourceOf(folder: string, files: GoldenFiles): ModelSource {
  const at = (name: string) => join(GOLDENS, folder, name);
  if (files.file) return at(files.file);
  const architecture = readFileSync(at((files.json ?? files.yaml)!), "utf8");
  if (!files.weights!.endsWith(".json")) return { json: architecture, weights: readFileSync(at(files.weights!)) };
  const shards = readdirSync(join(GOLDENS, folder)).filter((name) => name === files.weights || name.endsWith(".h5"));
  return { json: architecture, weights: Object.fromEntries(shards.map((name) => [name, readFileSync(at(name))])) };
}

/** How a form of a model is called. */
export function formName(files: GoldenFiles): string {
  return Object.values(files).join(" + ");
}

/** A tensor for `predict`. Integers and bools become Int32Array. */
export function decodeTensor(tensor: GoldenTensor): Tensor & { readonly dtype: DType } {
  const { shape } = tensor;
  if (typeof tensor.data !== "string") return { data: [...tensor.data], shape, dtype: "string" };
  const bytes = Uint8Array.from(Buffer.from(tensor.data, "base64"));
  if (tensor.dtype === "bool") return { data: Int32Array.from(bytes), shape, dtype: "bool" };
  if (tensor.dtype === "int32") return { data: new Int32Array(bytes.buffer), shape, dtype: "int32" };
  if (tensor.dtype === "float32") return { data: new Float32Array(bytes.buffer), shape, dtype: "float32" };
  throw new Error(`no reader for golden tensors of ${tensor.dtype}`);
}

/** The first element that is too far away, as a sentence, or undefined. */
export function difference(got: Tensor, want: Tensor, tolerance: GoldenCase["tolerance"]): string | undefined {
  if (got.shape.length !== want.shape.length || got.shape.some((n, i) => n !== want.shape[i])) {
    return `shape [${got.shape.join(", ")}], expected [${want.shape.join(", ")}]`;
  }
  for (let i = 0; i < want.data.length; i++) {
    const [a, b] = [got.data[i]!, want.data[i]!];
    if (Object.is(a, b) || a === b) continue;
    if (typeof a === "string" || typeof b === "string") return `[${i}]: "${a}", expected "${b}"`;
    if (!(Math.abs(a - b) <= tolerance.abs + tolerance.rel * Math.abs(b))) return `[${i}]: ${a}, expected ${b}`;
  }
  return undefined;
}
