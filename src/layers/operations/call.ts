import { UnsupportedLayerError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { constant } from "../../plan/tensor-ops.ts";
import type { DType } from "../../tensor.ts";
import type { CallArgument, Json, Layer, LayerCall } from "../layer.ts";
import { isTensorArgument, knownNumbers } from "./known-numbers.ts";

export { isTensorArgument } from "./known-numbers.ts";

/** Keras' dtype names as the kernels hold them. */
export function dtypeNamed(name: unknown, fallback: DType): DType {
  if (typeof name !== "string") return fallback;
  if (name === "bool") return "bool";
  return /^u?int/.test(name) ? "int32" : "float32";
}

/** What an operation's function sees: its plan, its arguments by place or name, and tensors among them. */
export class OperationCall {
  readonly p: Planner;
  readonly layer: Layer;
  readonly #call: LayerCall;

  constructor(p: Planner, layer: Layer, call: LayerCall) {
    this.p = p;
    this.layer = layer;
    this.#call = call;
  }

  /** An argument: positional, by keyword, or as the operation was made with; undefined if nowhere. */
  get(name: string, place = -1): CallArgument | undefined {
    const { args = [], kwargs = {} } = this.#call;
    if (place >= 0 && place < args.length) return args[place];
    return Object.hasOwn(kwargs, name) ? kwargs[name] : (this.layer.config[name] as Json | undefined);
  }

  /** An argument as a tensor; numbers and nested lists of them become constants. */
  tensor(place: number, name = "x", like?: Value): Value {
    const value = this.get(name, place);
    if (isTensorArgument(value)) return value;
    return this.constantOf(value, `${name}:${place}`, like);
  }

  /** Numbers, possibly nested, as a constant. */
  constantOf(value: CallArgument | undefined, key: string, like?: Value): Value {
    const shape: number[] = [];
    for (let item = value; Array.isArray(item); item = item[0] as CallArgument) shape.push(item.length);
    const data = [value].flat(9);
    if (!data.every((n) => typeof n === "number" || typeof n === "boolean")) {
      throw this.refuse(`the argument ${JSON.stringify(value) ?? "(absent)"}`);
    }
    const numbers = data.map(Number);
    const whole = like?.dtype === "int32" && numbers.every(Number.isInteger);
    return constant(this.p, this.layer, `${key}:${whole}`, numbers, shape, whole ? "int32" : "float32");
  }

  /** A number, or the fallback if it is absent or null. */
  number(name: string, place: number, fallback: number): number {
    const value = this.get(name, place) ?? fallback;
    const [only, ...more] = knownNumbers(value) ?? [];
    if (only !== undefined && more.length === 0) return only;
    throw this.refuse(`${name} ${JSON.stringify(value)}`);
  }

  /** Whole numbers; undefined if absent or null. A single one is a list of one. */
  numbers(name: string, place: number): number[] | undefined {
    const value = this.get(name, place);
    if (value === undefined || value === null) return undefined;
    const list = knownNumbers(value);
    if (list) return [...list];
    throw this.refuse(`${name} ${JSON.stringify(value)}`);
  }

  /** The tensors of a list argument. */
  list(): Value[] {
    const first = this.get("xs", 0);
    const items = Array.isArray(first) ? first : (this.#call.args ?? []);
    return items.map((item, i) =>
      isTensorArgument(item) ? item : this.constantOf(item as CallArgument, `list:${i}`, items.find(isTensorArgument)),
    );
  }

  /** The error for what is not supported. */
  refuse(what: string): UnsupportedLayerError {
    const { className, name } = this.layer;
    return new UnsupportedLayerError(
      `The operation ${className.slice(3)} (node "${name}") with ${what} is not supported. Rebuild that part of the model with Keras layers, or do it before or after predict.`,
    );
  }
}

/** Plans one operation. */
export type OperationPlan = (p: Planner, at: OperationCall) => Value | readonly Value[];

/** Every axis of a tensor. */
export const all = (x: Value): number[] => x.shape.map((_, i) => i);
