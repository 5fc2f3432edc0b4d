import type { Build } from "../../engine/load-module.ts";
import { align } from "../../engine/memory.ts";
import { createEngineWith, type ThreadedEngine } from "../../engine/two-modules.ts";
import type { OptimizerSpec } from "../optimizers/optimizers.ts";
import type { BatchTensors, StepCut } from "../step-plan.ts";
import type { Trainer } from "../trainer.ts";
import { wasmModules } from "../wasm-modules.ts";
import { type KernelCall, runCalls } from "./table-calls.ts";

/** Bytes at the beginning of a block: the number of the last calls that its thread has made. */
const DONE_BYTES = 64;
/** Scratch of the products, which threads over one memory cannot share. */
const SCRATCH_BYTES = 16384;

/** Where a trainer on another thread works: a block of this one's memory, and the weights, which both see. */
export interface TrainerHome {
  readonly first: number;
  /** First byte behind the block. */
  readonly end: number;
  /** Addresses of all weights, in the order of `parameters.list`. */
  readonly values: readonly number[];
}

/** The same with the memory, on the other thread. */
export interface HelperHome extends TrainerHome {
  readonly memory: WebAssembly.Memory;
}

/** A trainer's kernels over a memory of its own, or over the home that another thread gives it. */
export function trainingEngine(build: Build, home?: HelperHome): ThreadedEngine {
  if (!home) return createEngineWith(wasmModules, { build });
  const engine = createEngineWith(wasmModules, { build, block: { ...home, first: home.first + DONE_BYTES } });
  const { placeScratch } = engine.kernels as unknown as { placeScratch: (at: number) => void };
  placeScratch(engine.memory.allocate(SCRATCH_BYTES));
  return engine;
}

/** An optimizer for a trainer that helps another one and updates nothing by itself. */
export const helpersOptimizer = (spec: OptimizerSpec): OptimizerSpec => ({
  ...spec,
  rule: { ...spec.rule, slots: [] },
  average: undefined,
});

/** Bytes of a block in which another thread can compute a part of a batch: what this one takes but weights and slots. */
export function homeBytes(trainer: Trainer, part: BatchTensors, cut: StepCut): number {
  const { tape } = trainer.stepSize(part, cut);
  const weights = trainer.parameters.list.reduce((sum, { value }) => sum + 4 * value.count, 0);
  const own = trainer.engine.memory.scratchBase - weights - trainer.updates.slotBytes - trainer.lentBytes;
  return align(own + tape + SCRATCH_BYTES + DONE_BYTES);
}

/** Makes calls that another thread asks for, and lets it see that they have been made. */
export function makeCalls({ engine }: Trainer, home: TrainerHome, calls: readonly KernelCall[], number: number): void {
  runCalls(engine, calls);
  Atomics.store(engine.memory.i32, home.first >> 2, number);
}

/** The number of the last calls that have been made in a block. */
export function callsMade({ engine }: Trainer, home: TrainerHome): number {
  return Atomics.load(engine.memory.i32, home.first >> 2);
}

/** Takes a block out of a trainer's memory. What is in scratch is lost. */
export function lend(trainer: Trainer, bytes: number): TrainerHome {
  const first = trainer.engine.memory.allocate(bytes);
  trainer.lentBytes += align(bytes);
  return { first, end: first + bytes, values: trainer.parameters.list.map(({ value }) => value.address) };
}
