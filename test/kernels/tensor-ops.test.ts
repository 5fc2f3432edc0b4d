import { describe, expect, it } from "vitest";
import {
  binary,
  broadcastTo,
  cast,
  concat,
  filled,
  flip,
  logical,
  moveAxis,
  not,
  pad,
  reduce,
  repeat,
  scalar,
  select,
  slice,
  stack,
  tile,
  transpose,
} from "../../src/plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../src/tensor.ts";
import { at, counting, indices, type Plain, random, runOne, runPlan } from "../support/run-plan.ts";

describe("layouts", () => {
  const x = counting([2, 3, 4, 5]);

  it.each([[[0, 1, 2, 3]], [[3, 2, 1, 0]], [[0, 2, 1, 3]], [[1, 3, 0, 2]]])("transposes to %j", (order) => {
    const y = runOne(x, (p, [v]) => [transpose(p, v!, order)]);
    expect(y.shape).toEqual(order.map((axis) => x.shape[axis]));
    for (const index of indices(y.shape)) {
      const from: number[] = [];
      for (const [i, axis] of order.entries()) from[axis] = index[i]!;
      expect(at(y, index)).toBe(at(x, from));
    }
  });

  it("slices with steps, flips, moves", () => {
    const y = runOne(x, (p, [v]) => [slice(p, v!, 2, 3, 2, -2)]);
    for (const i of indices([2, 3, 2, 5])) expect(at(y, i)).toBe(at(x, [i[0]!, i[1]!, 3 - 2 * i[2]!, i[3]!]));
    const f = runOne(x, (p, [v]) => [flip(p, v!, -1)]);
    for (const i of indices(x.shape)) expect(at(f, i)).toBe(at(x, [i[0]!, i[1]!, i[2]!, 4 - i[3]!]));
    const m = runOne(x, (p, [v]) => [moveAxis(p, v!, 1, -1)]);
    for (const i of indices(m.shape)) expect(at(m, i)).toBe(at(x, [i[0]!, i[3]!, i[1]!, i[2]!]));
  });

  it("repeats, tiles, pads, crops, joins", () => {
    const small = counting([2, 3]);
    expect(runOne(small, (p, [v]) => [repeat(p, v!, 1, 2)]).data).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(runOne(small, (p, [v]) => [tile(p, v!, [2, 1])]).data).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
    const padded = runOne(small, (p, [v]) => [
      pad(
        p,
        v!,
        [
          [0, 1],
          [1, -1],
        ],
        9,
      ),
    ]);
    expect(padded).toMatchObject({ shape: [3, 3], data: [9, 0, 1, 9, 3, 4, 9, 9, 9] });
    expect(runOne(small, (p, [v]) => [concat(p, [v!, v!], 1)]).data).toEqual([0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
    expect(runOne(small, (p, [v]) => [stack(p, [v!, v!], 2)]).shape).toEqual([2, 3, 2]);
    expect(runOne(counting([1, 3]), (p, [v]) => [broadcastTo(p, v!, [2, 2, 3])]).data).toEqual([
      0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2,
    ]);
  });

  it("copies bytes and integers as they are", () => {
    const bits: Plain = { data: [1, 0, 1, 1, 0, 0], shape: [2, 3], dtype: "bool" };
    expect(runOne(bits, (p, [v]) => [transpose(p, v!, [1, 0])])).toMatchObject({
      data: [1, 1, 0, 0, 1, 0],
      dtype: "bool",
    });
    const words: Plain = { data: [2 ** 30 + 1, -7], shape: [2], dtype: "int32" };
    expect(runOne(words, (p, [v]) => [flip(p, v!, 0)]).data).toEqual([-7, 2 ** 30 + 1]);
  });
});

describe("arithmetic", () => {
  const shapes: [Shape, Shape][] = [
    [[7], [7]],
    [[2, 3, 5], []],
    [[2, 3, 5], [5]],
    [
      [2, 3, 5],
      [2, 3, 1],
    ],
    [
      [2, 1, 5],
      [1, 3, 1],
    ],
    [
      [4, 1],
      [1, 6],
    ],
    [
      [2, 3, 4, 5],
      [3, 1, 5],
    ],
  ];
  const functions = {
    add: (a: number, b: number) => Math.fround(a + b),
    subtract: (a: number, b: number) => Math.fround(a - b),
    multiply: (a: number, b: number) => Math.fround(a * b),
    divide: (a: number, b: number) => Math.fround(a / b),
    maximum: Math.max,
    minimum: Math.min,
    equal: (a: number, b: number) => Number(a === b),
    less: (a: number, b: number) => Number(a < b),
    lessEqual: (a: number, b: number) => Number(a <= b),
    notEqual: (a: number, b: number) => Number(a !== b),
  } as const;

  it.each(shapes)("broadcasts %j and %j", (left, right) => {
    const [a, b] = [random(left, 1), random(right, 2)];
    for (const [op, f] of Object.entries(functions)) {
      const y = runPlan([a, b], (p, [u, v]) => [binary(p, op as keyof typeof functions, u!, v!)])[0]!;
      const missing = (s: Shape) => y.shape.length - s.length;
      const pick = (t: Plain, i: number[]) =>
        at(
          t,
          i.slice(missing(t.shape)).map((n, axis) => (t.shape[axis] === 1 ? 0 : n)),
        );
      for (const i of indices(y.shape)) expect(at(y, i)).toBe(f(pick(a, i), pick(b, i)));
    }
  });

  it("keeps integers whole and compares to bools", () => {
    const ids: Plain = { data: [0, 5, 0, 3], shape: [2, 2], dtype: "int32" };
    expect(runOne(ids, (p, [v]) => [binary(p, "add", v!, 1)])).toMatchObject({ data: [1, 6, 1, 4], dtype: "int32" });
    expect(runOne(ids, (p, [v]) => [binary(p, "notEqual", v!, 0)])).toMatchObject({
      data: [0, 1, 0, 1],
      dtype: "bool",
    });
    expect(runOne(ids, (p, [v]) => [not(p, cast(p, v!, "bool"))]).data).toEqual([1, 0, 1, 0]);
  });

  it("selects without touching the other side", () => {
    const x: Plain = { data: [1, 2, Number.NaN, Number.NaN, 5, 6], shape: [3, 2] };
    const mask: Plain = { data: [1, 0, 1], shape: [3, 1], dtype: "bool" };
    expect(runPlan([x, mask], (p, [v, m]) => [select(p, m!, v!, 0)])[0]!.data).toEqual([1, 2, 0, 0, 5, 6]);
    const row: Plain = { data: [8, 9], shape: [2] };
    expect(runPlan([x, mask, row], (p, [v, m, r]) => [select(p, m!, v!, r!)])[0]!.data).toEqual([1, 2, 8, 9, 5, 6]);
    const wide: Plain = { data: [0, 1], shape: [2], dtype: "bool" };
    expect(runPlan([x, wide], (p, [v, m]) => [select(p, m!, -1, v!)])[0]!.data).toEqual([1, -1, Number.NaN, -1, 5, -1]);
  });

  it("joins bools", () => {
    const a: Plain = { data: [0, 0, 1, 1], shape: [2, 2], dtype: "bool" };
    const b: Plain = { data: [0, 1], shape: [2], dtype: "bool" };
    expect(runPlan([a, b], (p, [u, v]) => [logical(p, "and", u!, v!)])[0]!.data).toEqual([0, 0, 0, 1]);
    expect(runPlan([a, b], (p, [u, v]) => [logical(p, "or", u!, v!)])[0]!.data).toEqual([0, 1, 1, 1]);
  });

  it("casts", () => {
    const x: Plain = { data: [-1.7, 2.9, 0, 3e10, Number.NaN], shape: [5] };
    expect(runOne(x, (p, [v]) => [cast(p, v!, "int32")]).data).toEqual([-1, 2, 0, 2147483647, 0]);
    expect(runOne(x, (p, [v]) => [cast(p, v!, "bool")]).data).toEqual([1, 1, 0, 1, 1]);
    expect(runOne({ data: [1, 0], shape: [2], dtype: "bool" }, (p, [v]) => [cast(p, v!, "float32")]).data).toEqual([
      1, 0,
    ]);
  });

  it("fills", () => {
    expect(runPlan([], (p) => [filled(p, [2, 3], 0.5), scalar(p, -0)])).toMatchObject([
      { data: new Array(6).fill(0.5) },
      { data: [-0] },
    ]);
  });
});

describe("reductions", () => {
  const x = random([3, 4, 5, 6], 7);
  const sums = (axes: number[]) => {
    const groups = new Map<string, number[]>();
    for (const index of indices(x.shape)) {
      const key = index.filter((_, axis) => !axes.includes(axis)).join();
      groups.set(key, [...(groups.get(key) ?? []), at(x, index)]);
    }
    return [...groups.values()];
  };

  it.each([[[0]], [[1]], [[3]], [[1, 2]], [[0, 3]], [[0, 1, 2, 3]]])("over the axes %j", (axes) => {
    const groups = sums(axes);
    const run = (op: "sum" | "mean" | "max" | "min" | "prod") => runOne(x, (p, [v]) => [reduce(p, op, v!, axes)]).data;
    const close = (got: readonly number[], f: (list: number[]) => number) => {
      expect(got.length).toBe(groups.length);
      for (const [i, value] of got.entries()) expect(value).toBeCloseTo(f(groups[i]!), 4);
    };
    close(run("sum"), (list) => list.reduce((a, b) => a + b));
    close(run("mean"), (list) => list.reduce((a, b) => a + b) / list.length);
    close(run("max"), (list) => Math.max(...list));
    close(run("min"), (list) => Math.min(...list));
    close(run("prod"), (list) => list.reduce((a, b) => a * b));
  });

  it("finds places, any and all", () => {
    const y: Plain = { data: [1, 5, 5, -2, -3, -9], shape: [2, 3] };
    expect(runOne(y, (p, [v]) => [reduce(p, "argmax", v!, [1])])).toMatchObject({ data: [1, 0], dtype: "int32" });
    expect(runOne(y, (p, [v]) => [reduce(p, "argmin", v!, [0], true)])).toMatchObject({
      data: [1, 1, 1],
      shape: [1, 3],
    });
    const bits: Plain = { data: [0, 1, 1, 1], shape: [2, 2], dtype: "bool" };
    expect(runOne(bits, (p, [v]) => [reduce(p, "any", v!, [-1])]).data).toEqual([1, 1]);
    expect(runOne(bits, (p, [v]) => [reduce(p, "all", v!, [-1])]).data).toEqual([0, 1]);
  });
});

describe("empty tensors", () => {
  it("copy and reduce to nothing", () => {
    const x: Plain = { data: [], shape: [0, 3] };
    expect(runOne(x, (p, [v]) => [transpose(p, v!, [1, 0])]).shape).toEqual([3, 0]);
    expect(runOne(x, (p, [v]) => [reduce(p, "sum", v!, [1])]).data).toEqual([]);
    expect(sizeOf([0, 3])).toBe(0);
  });
});
