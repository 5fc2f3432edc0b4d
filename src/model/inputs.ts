import { FormatError, ShapeError } from "../errors.ts";
import {
  type DType,
  formatShape,
  isNumbers,
  isTensor,
  type OpenShape,
  type Tensor,
  type TensorLike,
  toTensor,
} from "../tensor.ts";
import type { GraphSpec, InputSpec } from "./graph-spec.ts";

/** Keras' dtype names as the kernels hold them. */
export function dtypeOf(name: unknown): DType {
  if (name === "string") return "string";
  if (name === "bool") return "bool";
  return typeof name === "string" && /^u?int/.test(name) ? "int32" : "float32";
}

/**
 * What a graph's input layers declare, in the order of its inputs.
 *
 * @throws {FormatError} If a declared shape is none.
 */
export function inputSpecs(graph: GraphSpec): readonly InputSpec[] {
  return graph.inputs.map((ref) => {
    const layer = graph.layers.find((candidate) => candidate.name === ref.layer);
    const { batchShape, dtype } = layer?.config ?? {};
    const shape = Array.isArray(batchShape) ? (batchShape as OpenShape) : undefined;
    if (shape?.some((n) => n !== null && !(Number.isInteger(n) && n >= 0))) {
      throw new FormatError(`Input "${ref.layer}": ${JSON.stringify(shape).slice(0, 99)} is no shape.`);
    }
    return { name: ref.layer, shape, dtype: dtypeOf(dtype) };
  });
}

/** What a caller gives: one value, a list for several inputs, or values by input name. */
export type ModelInput = TensorLike | readonly TensorLike[] | Readonly<Record<string, TensorLike>>;

/**
 * One checked tensor per input of the model.
 *
 * @throws {ShapeError} If an input is missing or left over, or its rank, width or dtype is wrong.
 */
export function readInputs(x: ModelInput, specs: readonly InputSpec[], checkBatch: boolean): readonly Tensor[] {
  const list = listInputs(x, specs);
  const tensors = list.map((value, i) => {
    const spec = specs[i]!;
    return checkInput(toTensor(value, spec.name, spec.dtype), spec, checkBatch);
  });
  return tensors;
}

function listInputs(x: ModelInput, specs: readonly InputSpec[]): readonly TensorLike[] {
  const names = specs.map((spec) => spec.name);
  if (typeof x === "object" && x !== null && !Array.isArray(x) && !isTensor(x) && !isNumbers(x)) {
    const record = x as Readonly<Record<string, TensorLike>>;
    const given = Object.keys(record);
    const unknown = given.filter((name) => !names.includes(name));
    const missing = names.filter((name) => !Object.hasOwn(record, name));
    if (unknown.length > 0 || missing.length > 0) {
      throw new ShapeError(
        `The model's inputs are ${names.join(", ")}; got ${given.join(", ") || "none"}.${missing.length > 0 ? ` Missing: ${missing.join(", ")}.` : ""} A tensor is { data: number[] | string[], shape: number[] }.`,
      );
    }
    return names.map((name) => record[name]!);
  }
  if (specs.length === 1) {
    return Array.isArray(x) && x.length === 1 && isTensor(x[0]) ? [x[0]] : [x as TensorLike];
  }
  if (!Array.isArray(x) || x.length !== specs.length) {
    const got = Array.isArray(x) ? `an array of ${x.length}` : "one value";
    throw new ShapeError(
      `The model has ${specs.length} inputs (${names.join(", ")}): pass an array of ${specs.length}; got ${got}.`,
    );
  }
  return x as readonly TensorLike[];
}

function checkInput(tensor: Tensor, spec: InputSpec, checkBatch: boolean): Tensor {
  const isText = Array.isArray(tensor.data);
  if (isText !== (spec.dtype === "string")) {
    throw new ShapeError(`The input "${spec.name}" takes ${spec.dtype}; got ${isText ? "strings" : "numbers"}.`);
  }
  if (spec.dtype === "int32" && tensor.data instanceof Float32Array && tensor.data.some(Number.isNaN)) {
    throw new ShapeError(`The input "${spec.name}" takes int32; got NaN.`);
  }
  if (!spec.shape) return tensor;
  const fitted = fitRank(tensor, spec.shape);
  const { shape } = fitted;
  const first = checkBatch ? 0 : 1;
  const fits =
    shape.length === spec.shape.length && spec.shape.every((n, i) => i < first || n === null || n === shape[i]);
  if (!fits) {
    const wanted = formatShape(spec.shape.map((n, i) => (i < first ? null : n)));
    const batch = spec.shape[0];
    const hint =
      shape.length === 1
        ? " A flat array takes its shape along: { data, shape }."
        : checkBatch && batch != null && batch !== shape[0]
          ? ` With { batchSize: ${batch} } the rows are taken in turns.`
          : "";
    throw new ShapeError(
      `The input "${spec.name}" must be ${wanted} (batch first); got ${formatShape(tensor.shape)}.${hint}`,
    );
  }
  return fitted;
}

/** As Keras does: a trailing axis of one is added or dropped where only that is missing or left over. */
function fitRank(tensor: Tensor, wanted: OpenShape): Tensor {
  const { data, shape } = tensor;
  if (shape.length === wanted.length - 1 && wanted.at(-1) === 1) return { data, shape: [...shape, 1] };
  if (shape.length === wanted.length + 1 && shape.at(-1) === 1) return { data, shape: shape.slice(0, -1) };
  return tensor;
}
