import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { Build } from "../../src/engine/load-module.ts";
import { BoundPlan } from "../../src/plan/bound-plan.ts";
import type { Value } from "../../src/plan/buffer.ts";
import { Planner } from "../../src/plan/planner.ts";
import { StateBlock } from "../../src/plan/state.ts";
import { EngineStore } from "../../src/plan/store.ts";
import { type DType, type Shape, sizeOf } from "../../src/tensor.ts";

/** A tensor of a test: plain numbers. */
export interface Plain {
  readonly data: readonly number[];
  readonly shape: Shape;
  readonly dtype?: DType;
}

/** Reads a value out of a finished run. */
function read(engine: Engine, bound: BoundPlan, value: Value): Plain {
  const at = bound.address(value);
  const count = sizeOf(value.shape);
  const { f32, i32, u8 } = engine.memory;
  const { dtype, shape } = value;
  const view =
    dtype === "bool"
      ? u8.subarray(at, at + count)
      : (dtype === "int32" ? i32 : f32).subarray(at >> 2, (at >> 2) + count);
  return { data: [...view], shape, dtype };
}

/**
 * Plans and runs a few operations on one engine. Scratch is filled with NaN bytes first, so that reading what nothing
 * wrote shows.
 */
export function runPlan(
  inputs: readonly Plain[],
  plan: (p: Planner, inputs: readonly Value[]) => readonly Value[],
  build: Build = "simd",
): Plain[] {
  const engine = createEngine({ build });
  const store = new EngineStore(engine);
  const states = new StateBlock();
  const p = new Planner(store, states);
  const values = inputs.map(({ shape, dtype }) => p.tensor(shape, dtype));
  const finished = p.finish(values, plan(p, values));
  states.allocate(engine.memory);
  const bound = new BoundPlan(finished, engine);
  bound.prepare();
  engine.memory.u8.fill(0xff, engine.memory.scratchBase);
  for (const [i, { data, dtype }] of inputs.entries()) {
    const at = bound.address(values[i]!);
    if (dtype === "bool") engine.memory.u8.set(data, at);
    else (dtype === "int32" ? engine.memory.i32 : engine.memory.f32).set(data, at >> 2);
  }
  bound.run();
  return finished.outputs.map((value) => read(engine, bound, value));
}

/** The first output of a plan of one input. */
export const runOne = (x: Plain, plan: Parameters<typeof runPlan>[1]): Plain => runPlan([x], plan)[0]!;

/** Numbers 0, 1, 2 … of a shape. */
export function counting(shape: Shape, dtype: DType = "float32"): Plain {
  return { data: Array.from({ length: sizeOf(shape) }, (_, i) => i), shape, dtype };
}

/** Seeded numbers in −1 … 1, float32. */
export function random(shape: Shape, seed: number): Plain {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const data = Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround((state / 2 ** 32) * 2 - 1);
  });
  return { data, shape };
}

/** Every index of a shape, row-major. */
export function indices(shape: Shape): number[][] {
  let all: number[][] = [[]];
  for (const n of shape) all = all.flatMap((head) => Array.from({ length: n }, (_, i) => [...head, i]));
  return all;
}

/** A tensor's element. */
export const at = ({ data, shape }: Plain, index: readonly number[]) =>
  data[index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)]!;
