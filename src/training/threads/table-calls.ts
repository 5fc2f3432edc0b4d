import type { Engine } from "../../engine/engine.ts";
import { align } from "../../engine/memory.ts";
import type { Place } from "../../plan/buffer.ts";
import type { KernelArg } from "../../plan/planner.ts";
import type { TrainingArgs } from "../kernel-calls.ts";
import { TRAINING_KERNELS, type TrainingKernelName } from "../kernels.ts";
import type { UpdatePlan } from "../optimizers/update-plan.ts";
import type { Parameters } from "../parameters.ts";
import type { SummedGradient } from "./parts.ts";

/** A kernel's call with addresses: any thread that has the memory can make it. */
export interface KernelCall {
  readonly kernel: TrainingKernelName;
  readonly args: readonly number[];
}

/** Makes calls, in their order. */
export function runCalls({ kernels }: Engine, calls: readonly KernelCall[]): void {
  const all = kernels as unknown as Readonly<Record<string, (...args: readonly number[]) => void>>;
  for (const { kernel, args } of calls) all[kernel]!(...args);
}

const addressOf = (arg: KernelArg): number =>
  typeof arg === "number" ? arg : (arg.buffer.address ?? arg.buffer.offset) + arg.offset;

/**
 * The update of tables by several threads over one memory: each sums and updates rows of its own, so that neither waits for
 * the other. A row's sum and update are those of one thread, bit for bit.
 *
 * @param sums - Tables' gradients, as views of the memory.
 * @param scratch - First byte that is free.
 * @returns The calls of each thread.
 */
export function tableCalls(
  engine: Engine,
  { trainable }: Parameters,
  updates: UpdatePlan,
  sums: readonly SummedGradient[],
  threads: number,
  scratch: number,
): KernelCall[][] {
  let free = scratch;
  const take = (bytes: number): Place => {
    const place = { buffer: { bytes, address: free, first: -1, last: -1, offset: 0 }, offset: 0 };
    free = align(free + bytes);
    return place;
  };
  const all = Array.from({ length: threads }, (_, thread) => {
    const calls: KernelCall[] = [];
    const emit = <K extends TrainingKernelName>(kernel: K, args: TrainingArgs<K>): void => {
      const given = args as Readonly<Record<string, KernelArg>>;
      calls.push({ kernel, args: TRAINING_KERNELS[kernel].map((name) => addressOf(given[name]!)) });
    };
    for (const { parameter, tables } of sums) {
      const target = trainable[parameter]!;
      const [rowCount, width] = target.shape as [number, number];
      const border = (i: number) => Math.round((i * rowCount) / threads);
      const [first, last] = [border(thread), border(thread + 1)];
      const named = tables!.reduce((sum, { rows }) => sum + rows!.length, 0);
      const room = Math.min(last - first, named);
      const rows = { named: take(4 * room), total: take(4), map: take(4 * rowCount) };
      const gradient = take(4 * room * width);
      emit("zeroBytes", { y: rows.total, bytes: 4 });
      for (const { rows: numbers, values } of tables!) {
        const part = { rows: numbers!.byteOffset, x: values.byteOffset, count: numbers!.length };
        emit("collectRows", { ...rows, sums: gradient, first, last, ...part, width });
      }
      updates.emitRows({ emit }, target, { rows, gradient, first, last });
    }
    return calls;
  });
  engine.memory.reserve(free);
  return all;
}
