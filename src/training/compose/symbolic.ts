import { OptionError, RnnWasmError, ShapeError } from "../../errors.ts";
import type { Json, Layer, LayerCall, LayerSpec } from "../../layers/layer.ts";
import type { Value } from "../../plan/buffer.ts";
import { Planner } from "../../plan/planner.ts";
import { StateBlock } from "../../plan/state.ts";
import { dryStore } from "../../plan/store.ts";
import { type DType, formatShape, type OpenShape, type Shape, sizeOf, type TensorLike } from "../../tensor.ts";
import { placeholders } from "./weights.ts";

/** A layer together with what a model needs to list it. */
export interface LayerHandle {
  readonly spec: LayerSpec;
  readonly layer: Layer;
  /** The input that the first layer of a Sequential declares, batch first. */
  readonly declared: OpenShape | undefined;
  /** Values to start from, in Keras' order, in place of drawn ones. */
  readonly weights: readonly TensorLike[] | undefined;
}

/** An argument of a call: tensors and constants, nested. */
export type SymbolicArgument = SymbolicTensor | Json | readonly SymbolicArgument[];

/** One call of a layer. */
export interface SymbolicCall {
  readonly handle: LayerHandle;
  readonly args: readonly SymbolicArgument[];
  readonly kwargs: Readonly<Record<string, SymbolicArgument>>;
}

/** A tensor that has a shape but no numbers yet: what layers are called with while a model is put together. */
export class SymbolicTensor {
  /** The call that gives it. */
  readonly from: SymbolicCall;
  /** Which output of that call. */
  readonly index: number;
  /** Batch first; null for any size. */
  readonly shape: OpenShape;
  readonly dtype: DType;

  constructor(from: SymbolicCall, index: number, shape: OpenShape, dtype: DType) {
    this.from = from;
    this.index = index;
    this.shape = shape;
    this.dtype = dtype;
  }
}

/** One tensor, or a list of them where a layer has several outputs (`returnState`). */
export type SymbolicOutput = SymbolicTensor & readonly SymbolicTensor[];

/** What a layer may be called with beside its inputs. */
export interface CallOptions {
  readonly initialState?: SymbolicTensor | readonly SymbolicTensor[];
  readonly mask?: SymbolicTensor | null;
  readonly [name: string]: SymbolicArgument | undefined;
}

/** Sizes tried for open axes: several, as a layer may want a multiple of something. */
const OPEN_SIZES = [24, 48, 128, 7];

/**
 * Calls a layer on symbolic tensors: its weights get their shapes, its outputs are known.
 *
 * @throws {ShapeError} If the inputs do not fit the layer.
 */
export function callLayer(
  handle: LayerHandle,
  inputs: SymbolicTensor | readonly SymbolicTensor[],
  options: CallOptions = {},
): SymbolicOutput {
  const list: readonly SymbolicTensor[] = inputs instanceof SymbolicTensor ? [inputs] : inputs;
  if (!Array.isArray(list) || list.length === 0 || !list.every((item) => item instanceof SymbolicTensor)) {
    throw new OptionError(
      `${handle.layer} must be called with what input() or another layer gives, or an array of that.`,
    );
  }
  const kwargs = Object.fromEntries(
    Object.entries(options).filter((entry): entry is [string, SymbolicArgument] => entry[1] !== undefined),
  );
  // Keras also takes [x, ...states] as the inputs of a recurrent layer.
  const isRecurrent = "cell" in handle.layer || handle.layer.className === "Bidirectional";
  const [x, ...rest] = list;
  if (isRecurrent && rest.length > 0) kwargs["initialState"] = rest;
  const args = isRecurrent || inputs instanceof SymbolicTensor ? [x!] : [list];
  const call: SymbolicCall = { handle, args, kwargs };
  const outputs = inferOutputs(call).map(({ shape, dtype }, i) => new SymbolicTensor(call, i, shape, dtype));
  return (outputs.length === 1 ? outputs[0] : outputs) as SymbolicOutput;
}

function inferOutputs(call: SymbolicCall): readonly { shape: OpenShape; dtype: DType }[] {
  let first: unknown;
  for (const open of OPEN_SIZES) {
    let one: readonly Value[];
    try {
      one = planOnce(call, 2, open);
    } catch (error) {
      if (!(error instanceof RnnWasmError)) throw error;
      first ??= error;
      continue;
    }
    const other = anotherPlan(call, open) ?? one;
    return one.map((value, i) => ({
      dtype: value.dtype,
      shape: value.shape.map((n, axis) => (other[i]!.shape[axis] === n ? n : null)),
    }));
  }
  throw first;
}

function anotherPlan(call: SymbolicCall, open: number): readonly Value[] | undefined {
  for (const size of [open + 4, open]) {
    try {
      return planOnce(call, 3, size);
    } catch (error) {
      if (!(error instanceof RnnWasmError)) throw error;
    }
  }
  return undefined;
}

function planOnce({ handle, args, kwargs }: SymbolicCall, batch: number, open: number): readonly Value[] {
  const p = new Planner(dryStore, new StateBlock());
  const inputs = tensorsOf(args);
  const values = inputs.map((tensor) => symbolValue(p, tensor, batch, open));
  const shapes = [0, 1].map((by) => inputs.map((tensor) => filled(tensor.shape, batch + by, open + by)));
  placeholders(handle.layer, shapes[0]!, shapes[1]!);
  const { initialState, constants, mask, ...others } = kwargs;
  const asValues = (given: SymbolicArgument | undefined) =>
    given === undefined ? undefined : tensorsOf([given]).map((tensor) => symbolValue(p, tensor, batch, open));
  const call: LayerCall = {
    args: nested(args, (tensor) => values[inputs.indexOf(tensor)]!) as NonNullable<LayerCall["args"]>,
    kwargs: nestedRecord(others, (tensor) => symbolValue(p, tensor, batch, open)),
    ...(initialState !== undefined && { initialState: asValues(initialState)! }),
    ...(constants !== undefined && { constants: asValues(constants)! }),
    ...(mask instanceof SymbolicTensor && { mask: symbolValue(p, mask, batch, open) }),
  };
  return handle.layer.plan(p, values, call);
}

function filled(shape: OpenShape, batch: number, open: number): Shape {
  return shape.map((n, axis) => n ?? (axis === 0 ? batch : open));
}

function symbolValue(p: Planner, tensor: SymbolicTensor, batch: number, open: number): Value {
  const shape = filled(tensor.shape, batch, open);
  const value = p.tensor(shape, tensor.dtype);
  return tensor.dtype === "string" ? { ...value, strings: new Array<string>(sizeOf(shape)).fill("") } : value;
}

/** All tensors of nested arguments, in order. */
export function tensorsOf(argument: SymbolicArgument): SymbolicTensor[] {
  if (argument instanceof SymbolicTensor) return [argument];
  return Array.isArray(argument) ? argument.flatMap((item: SymbolicArgument) => tensorsOf(item)) : [];
}

function nested(argument: SymbolicArgument, of: (tensor: SymbolicTensor) => Value): unknown {
  if (argument instanceof SymbolicTensor) return of(argument);
  return Array.isArray(argument) ? argument.map((item: SymbolicArgument) => nested(item, of)) : argument;
}

function nestedRecord(
  record: Readonly<Record<string, SymbolicArgument>>,
  of: (tensor: SymbolicTensor) => Value,
): NonNullable<LayerCall["kwargs"]> {
  const entries = Object.entries(record).map(([key, value]) => [key, nested(value, of)]);
  return Object.fromEntries(entries) as NonNullable<LayerCall["kwargs"]>;
}

/** @throws {ShapeError} If a shape has other than whole numbers ≥ 0 and null. */
export function checkShape(shape: OpenShape, what: string): OpenShape {
  const fits = Array.isArray(shape) && shape.every((n) => n === null || (Number.isInteger(n) && n >= 0));
  if (fits) return shape;
  throw new ShapeError(
    `${what} must be an array of sizes, null for any; got ${Array.isArray(shape) ? formatShape(shape) : String(shape)}.`,
  );
}
