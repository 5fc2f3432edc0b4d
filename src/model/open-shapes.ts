import { RnnWasmError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import { Planner } from "../plan/planner.ts";
import { StateBlock } from "../plan/state.ts";
import { dryStore } from "../plan/store.ts";
import type { OpenShape } from "../tensor.ts";
import type { GraphLayer } from "./graph-layer.ts";
import type { InputSpec } from "./graph-spec.ts";

/** What a dry plan tells about the outputs of a graph or of each of its layers. */
export interface OutputSpec {
  readonly shape: OpenShape;
  readonly dtype: Value["dtype"];
}

/** Plans a graph for its shapes only; nothing is computed and no memory is taken. */
export function dryPlan(root: GraphLayer, inputs: readonly InputSpec[], batch: number, open: number): readonly Value[] {
  const p = new Planner(dryStore, new StateBlock());
  const values = inputs.map((input) => {
    const shape = (input.shape ?? []).map((n, axis) => n ?? (axis === 0 ? batch : open));
    const value = p.tensor(shape, input.dtype);
    return input.dtype === "string"
      ? { ...value, strings: new Array(shape.reduce((a, b) => a * b, 1)).fill("") }
      : value;
  });
  return root.plan(p, values, {});
}

/** Sizes tried for axes that the model leaves open; several, as a merge may pair an open axis with a fixed one. */
function candidates(root: GraphLayer): number[] {
  const fixed = new Set<number>();
  const text = JSON.stringify(root.graph.layers.map((layer) => layer.config));
  for (const match of text.matchAll(/"(?:batchShape|batchInputShape|targetShape|inputLength|n)":\[?(?:null,)?(\d+)/g)) {
    fixed.add(Number(match[1]));
  }
  return [24, 48, 128, ...fixed].slice(0, 12);
}

/**
 * The outputs' shapes with null where they follow the batch or an open axis, learned from two dry plans: a size that
 * changes with the input is open.
 *
 * @returns undefined if an input's shape is unknown, so that nothing can be said before the first call.
 * @throws {RnnWasmError} If layers do not fit each other whatever the open sizes.
 */
export function openOutputs(root: GraphLayer, inputs: readonly InputSpec[]): readonly OutputSpec[] | undefined {
  if (inputs.some((input) => input.shape === undefined)) return undefined;
  let first: RnnWasmError | undefined;
  for (const open of candidates(root)) {
    try {
      const one = dryPlan(root, inputs, 2, open);
      const other = otherPlan(root, inputs, open) ?? one;
      return one.map((value, i) => ({
        dtype: value.dtype,
        shape: value.shape.map((n, axis) => (other[i]!.shape[axis] === n ? n : null)),
      }));
    } catch (error) {
      if (!(error instanceof RnnWasmError)) throw error;
      first ??= error;
      if (!inputs.some((input) => input.shape!.slice(1).includes(null))) throw error;
    }
  }
  throw first!;
}

function otherPlan(root: GraphLayer, inputs: readonly InputSpec[], open: number): readonly Value[] | undefined {
  for (const [batch, size] of [
    [3, open + 4],
    [3, open],
  ] as const) {
    try {
      return dryPlan(root, inputs, batch, size);
    } catch (error) {
      if (!(error instanceof RnnWasmError)) throw error;
    }
  }
  return undefined;
}
