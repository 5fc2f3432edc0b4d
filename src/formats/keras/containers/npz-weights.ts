import { FormatError } from "../../../errors.ts";
import { type NpyArray, pickledNpy, readNpy } from "../../npy.ts";
import { isObject, type Pickled, readPickle } from "../../pickle.ts";
import { readZip } from "../../zip.ts";
import type { FileArray } from "../weights/file-array.ts";

/**
 * The weights of a `model.weights.npz`, by the paths that a `model.weights.h5` has. Keras 3 puts a dict of its Variable
 * objects into each member, as a pickle that it cannot load itself (`allow_pickle` is off); the arrays are found in its
 * description, and nothing of it is run.
 *
 * @throws {FormatError} If a member is damaged, or its arrays are of a kind that is not known (those of PyTorch).
 */
export function readNpzWeights(bytes: Uint8Array, what: string): readonly FileArray[] {
  const archive = readZip(bytes);
  return archive
    .names()
    .filter((name) => name.endsWith(".npy") && !/^(optimizer|metrics)/.test(name))
    .flatMap((name) => {
      const path = name.slice(0, -4);
      const member = archive.get(name)!;
      const pickle = pickledNpy(member);
      if (!pickle) return [fromNumbers(path, readNpy(member))];
      return membersOf(readPickle(pickle), `${what}: ${name}`).map(([key, array]) =>
        fromNumbers(`${path === "__root__" ? "" : `${path}/`}vars/${key}`, array),
      );
    });
}

function fromNumbers(name: string, { shape, data }: NpyArray): FileArray {
  return { name, shape, read: () => (data instanceof Float32Array ? data : Float32Array.from(data as never, Number)) };
}

/** The variables of one object: the dict is the one element of an array of objects. */
function membersOf(whole: Pickled, what: string): readonly (readonly [string, NpyArray])[] {
  const content = isObject(whole) && Array.isArray(whole.state) ? (whole.state as Pickled[])[4] : undefined;
  const dict = Array.isArray(content) ? (content as Pickled[])[0] : undefined;
  if (!(dict instanceof Map)) throw new FormatError(`${what} holds no dict of weights.`);
  return [...dict].map(([key, variable]) => {
    const state = isObject(variable) ? variable.state : variable;
    const value = state instanceof Map ? state.get("_value") : state;
    const array = value === undefined ? undefined : findArray(value);
    if (array) return [String(key), array] as const;
    throw new FormatError(
      `${what}: the weight ${String(key)} is no array of NumPy, JAX or TensorFlow. In Python: model.save("model.keras"), which keeps weights as .h5.`,
    );
  });
}

/** The first array in a description: the state of a NumPy array is (version, shape, dtype, fortran, bytes). */
function findArray(start: Pickled): NpyArray | undefined {
  const open: Pickled[] = [start];
  const seen = new Set<Pickled>();
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null || seen.has(value) || value instanceof Uint8Array) continue;
    seen.add(value);
    if (Array.isArray(value)) {
      const found = asArray(value as readonly Pickled[]);
      if (found) return found;
      for (const item of (value as Pickled[]).slice(0, 1000).reverse()) open.push(item);
    } else if (value instanceof Map) {
      for (const item of [...value.values()].reverse()) open.push(item);
    } else if (isObject(value)) {
      open.push(value.state, value.args, value.of);
    }
  }
  return undefined;
}

function asArray(state: readonly Pickled[]): NpyArray | undefined {
  const [version, shape, dtype, fortran, data] = state;
  if (state.length !== 5 || version !== 1 || !Array.isArray(shape) || !(data instanceof Uint8Array)) return undefined;
  if (dtype === undefined || !isObject(dtype) || !Array.isArray(dtype.args)) return undefined;
  const [code] = dtype.args as Pickled[];
  const order = Array.isArray(dtype.state) ? (dtype.state as Pickled[])[1] : "<";
  if (typeof code !== "string" || !/^[biufV]\d+$/.test(code)) return undefined;
  const sizes = (shape as Pickled[]).map(Number);
  const dims = sizes.length === 1 ? `${sizes[0]},` : sizes.join(", ");
  const header = `{'descr': '${order === ">" ? ">" : "<"}${code}', 'fortran_order': ${fortran === true ? "True" : "False"}, 'shape': (${dims}), }`;
  const text = new TextEncoder().encode(header);
  // As a .npy file, whose reader checks and converts.
  const file = new Uint8Array(10 + text.length + data.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  file.set(text, 10);
  file.set(data, 10 + text.length);
  return readNpy(file);
}
