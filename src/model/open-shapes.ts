import { RnnWasmError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Value } from "../plan/buffer.ts";
import { Planner } from "../plan/planner.ts";
import { StateBlock } from "../plan/state.ts";
import { dryStore } from "../plan/store.ts";
import type { OpenShape } from "../tensor.ts";
import { GraphLayer } from "./graph-layer.ts";
import type { InputSpec } from "./graph-spec.ts";
import { allLayers } from "./layer-tree.ts";

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
function* candidates(root: GraphLayer): Generator<number> {
  yield 24;
  // Most models never need another, so that nothing is looked for before.
  const sizes = new Set([48, 128]);
  const text = JSON.stringify(root.graph.layers.map((layer) => layer.config));
  for (const match of text.matchAll(/"(?:batchShape|batchInputShape|targetShape|inputLength|n)":\[?(?:null,)?(\d+)/g)) {
    sizes.add(Number(match[1]));
  }
  yield* [...sizes].slice(0, 11);
}

/** A size that changes with the input is open. */
function openSpec(one: Value, other: Value): OutputSpec {
  return { dtype: one.dtype, shape: one.shape.map((n, axis) => (other.shape[axis] === n ? n : null)) };
}

/**
 * The outputs' shapes with null where they follow the batch or an open axis, learned from two dry plans.
 *
 * @returns undefined if an input's shape is unknown, so that nothing can be said before the first call.
 * @throws {RnnWasmError} If layers do not fit each other whatever the open sizes.
 */
export function openOutputs(root: GraphLayer, inputs: readonly InputSpec[]): readonly OutputSpec[] | undefined {
  if (inputs.some((input) => input.shape === undefined)) return undefined;
  const [one, other] = twoPlans(root, inputs, (batch, open) => dryPlan(root, inputs, batch, open));
  return one.map((value, i) => openSpec(value, other[i]!));
}

/** The outputs of each layer's first call, by the layer's name; empty where {@link openOutputs} is undefined. */
export function openLayerOutputs(
  root: GraphLayer,
  inputs: readonly InputSpec[],
): ReadonlyMap<string, readonly OutputSpec[]> {
  if (inputs.some((input) => input.shape === undefined)) return new Map();
  const [one, other] = twoPlans(root, inputs, (batch, open) => {
    const seen = new Map<string, readonly Value[]>();
    root.onCall = (layer, outputs) => {
      if (!seen.has(layer)) seen.set(layer, outputs);
    };
    try {
      dryPlan(root, inputs, batch, open);
    } finally {
      root.onCall = undefined;
    }
    return seen;
  });
  return new Map(
    [...one].map(([name, values]) => [name, values.map((value, i) => openSpec(value, other.get(name)?.[i] ?? value))]),
  );
}

/** What reaches a layer: the rank of its input, and whether any of its inputs comes with a mask. */
export interface Reached {
  readonly rank: number;
  readonly masked: boolean;
}

/**
 * What every layer that a graph calls is reached by, in the graph itself and in the models inside it; empty where
 * {@link openOutputs} is undefined.
 */
export function callInputs(root: GraphLayer, inputs: readonly InputSpec[]): ReadonlyMap<Layer, Reached> {
  const found = new Map<Layer, Reached>();
  if (inputs.some((input) => input.shape === undefined)) return found;
  const graphs = allLayers(root).filter((layer) => layer instanceof GraphLayer);
  for (const graph of graphs) {
    graph.onCall = (name, _, values) => {
      const layer = graph.layer(name)!;
      const masked = values.some((value) => value.mask !== undefined) || found.get(layer)?.masked === true;
      found.set(layer, { rank: values[0]?.shape.length ?? 0, masked });
    };
  }
  try {
    twoPlans(root, inputs, (batch, open) => dryPlan(root, inputs, batch, open));
  } finally {
    for (const graph of graphs) graph.onCall = undefined;
  }
  return found;
}

/** Two dry plans whose batches differ and, where the model allows it, the open sizes too. */
function twoPlans<T>(
  root: GraphLayer,
  inputs: readonly InputSpec[],
  plan: (batch: number, open: number) => T,
): readonly [T, T] {
  let first: RnnWasmError | undefined;
  for (const open of candidates(root)) {
    try {
      const one = plan(2, open);
      return [one, otherPlan(plan, open) ?? one];
    } catch (error) {
      if (!(error instanceof RnnWasmError)) throw error;
      first ??= error;
      if (!inputs.some((input) => input.shape!.slice(1).includes(null))) throw error;
    }
  }
  throw first!;
}

function otherPlan<T>(plan: (batch: number, open: number) => T, open: number): T | undefined {
  for (const size of [open + 4, open]) {
    try {
      return plan(3, size);
    } catch (error) {
      if (!(error instanceof RnnWasmError)) throw error;
    }
  }
  return undefined;
}
