import type { Engine } from "../../engine/engine.ts";
import { BoundPlan } from "../../plan/bound-plan.ts";
import type { Value } from "../../plan/buffer.ts";
import { Planner } from "../../plan/planner.ts";
import { refuseNonFinite } from "../divergence.ts";
import type { Parameter, Parameters } from "../parameters.ts";
import { ruleOf } from "../rules.ts";
import { regularizeWeights, type StepParts } from "../step-plan.ts";
import { Tape } from "../tape.ts";
import type { PartGradient, SummedGradient } from "./parts.ts";

/** The plan of an update from gradients that came from outside. */
export interface UpdateStep {
  readonly bound: BoundPlan;
  /** Where the rows of tables go: numbers and gradients, as many as the plan has room for. */
  readonly tables: ReadonlyMap<number, { readonly numbers: Value; readonly values: Value }>;
}

/** Room for the rows of a table's gradient: plans are made for a few sizes, not for every batch. */
export function rowCapacity(tables: readonly PartGradient[]): number {
  const rows = tables.reduce((sum, table) => sum + table.rows!.length, 0);
  return Math.max(256, 256 * Math.ceil(rows / 256));
}

/**
 * Plans the weights' regularisation and the update of the weights that have a gradient.
 *
 * @param keptBytes - What the plan leaves as it is at the beginning of scratch.
 * @param begins - Called when nothing speaks against the update any more.
 */
export function planUpdate(
  parts: StepParts,
  sums: readonly SummedGradient[],
  keptBytes: number,
  begins: () => void,
): UpdateStep {
  const { engine, parameters, settings, updates, dropout, report } = parts;
  const p = new Planner(parts.store, parts.states);
  const kept = p.tensor([keptBytes], "bool");
  const penalty = { ...report.place, offset: 4 * settings.length };
  const tape = new Tape(p, parameters, true, ruleOf, penalty, dropout);
  tape.emit("zeroBytes", { y: penalty, bytes: 4 });
  const { trainable } = parameters;
  const tables = new Map<number, { numbers: Value; values: Value }>();
  for (const { parameter, tables: given } of sums) {
    const target = trainable[parameter]!;
    if (given) tables.set(parameter, giveRows(tape, target, rowCapacity(given)));
    else tape.sink(target.layer, target.name);
  }
  regularizeWeights(tape, parameters, penalty);
  refuseNonFinite(tape, engine, { place: penalty, count: 1 }, parts.diverged);
  p.host([], begins);
  updates.emit(tape);
  const inputs = [...tables.values()].flatMap(({ numbers, values }) => [numbers, values]);
  return { bound: new BoundPlan(p.finish([kept, ...inputs], [kept]), engine), tables };
}

/** Sums the gradients of rows that several parts have named. */
function giveRows(tape: Tape, { layer, name, shape }: Parameter, count: number) {
  const [rowCount, width] = shape as [number, number];
  const { p } = tape;
  const numbers = p.tensor([count], "int32");
  const values = p.tensor([count, width]);
  const [named, slots, total, map] = [[count], [count], [1], [rowCount]].map((of) => p.tensor(of, "int32")) as [
    Value,
    Value,
    Value,
    Value,
  ];
  p.emit("distinctRows", { rows: named, slots, total, map, indices: numbers, count });
  const maxRows = Math.min(rowCount, count);
  const gradient = p.tensor([maxRows, width]);
  const steps = { slots, slotOuter: 0, slotInner: 1, outer: 1, inner: count, width };
  tape.gatherSums({ sums: gradient, total, maxRows, x: values, ...steps });
  tape.giveRows(layer, name, { rows: { named, map, total, maxRows, slots }, gradient });
  return { numbers, values };
}

/** Writes gradients to where a plan takes them; what a table's room has over is zeros of a row that is there. */
export function fillUpdate(
  engine: Engine,
  { trainable }: Parameters,
  { bound, tables }: UpdateStep,
  sums: readonly SummedGradient[],
): void {
  const { f32, i32 } = engine.memory;
  for (const { parameter, values, tables: given = [] } of sums) {
    if (values) writeGradient(f32, trainable[parameter]!.gradient!.address, values);
    const table = tables.get(parameter);
    if (!table) continue;
    const [numbersAt, valuesAt] = [bound.address(table.numbers) >> 2, bound.address(table.values) >> 2];
    const [room, width] = table.values.shape as [number, number];
    let filled = 0;
    for (const { rows, values: part } of given) {
      i32.set(rows!, numbersAt + filled);
      f32.set(part, valuesAt + filled * width);
      filled += rows!.length;
    }
    i32.fill(i32[numbersAt]!, numbersAt + filled, numbersAt + room);
    f32.fill(0, valuesAt + filled * width, valuesAt + room * width);
  }
}

/** Writes a weight's gradient to where it belongs, unless it is there. */
function writeGradient(f32: Float32Array, address: number, values: Float32Array): void {
  if (values.buffer !== f32.buffer || values.byteOffset !== address) f32.set(values, address >> 2);
}
