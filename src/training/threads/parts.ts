import type { Engine } from "../../engine/engine.ts";
import { sizeOf, type Tensor } from "../../tensor.ts";
import type { Breathing } from "../breathe.ts";
import { type Gathering, gatherParts } from "../gathering.ts";
import type { OptimizerVariable } from "../optimizers/optimizer-state.ts";
import type { BatchTensors, StepCut, StepPlan } from "../step-plan.ts";
import type { Trainer } from "../trainer.ts";
import { type CutOfBatch, cut, shareOf } from "./cut-batch.ts";
import { homeBytes, lend, type TrainerHome } from "./home.ts";
import type { KernelCall } from "./table-calls.ts";

/** A weight's gradient as it travels between threads: of the whole weight, or of the rows that a part named. */
export interface PartGradient {
  /** Its place among the trainable weights. */
  readonly parameter: number;
  /** Numbers of a table's rows; undefined for a whole weight. */
  readonly rows?: Int32Array;
  readonly values: Float32Array;
}

/** Which part of a batch, and when. */
export interface WhichPart {
  readonly part: number;
  /** Training steps begun, this one not counted. */
  readonly step: number;
  /** Its share in the batch's loss: factor of its gradients. */
  readonly share: number;
  /** Time steps that recurrent layers keep at once for their way back; undefined for all. */
  readonly spanSteps?: number | undefined;
  /** True if its gradients stay where they are, in memory that the threads share, until the update; else they are copied. */
  readonly stays: boolean;
}

/** What a part of a batch gives. */
export interface PartResult {
  readonly gradients: readonly PartGradient[];
  /** The part's own losses, one per output, then the activities' regularisation. */
  readonly losses: Float32Array;
  /** Its predictions, one tensor per output. */
  readonly outputs: readonly Tensor[];
}

/** What a trainer on another thread starts from. */
export interface TrainerState {
  readonly weights: readonly Float32Array[];
  readonly optimizer: readonly OptimizerVariable[];
}

/**
 * A trainer on another thread: over the caller's memory (`settle`, `call`), or, where threads share none, with the same
 * weights at the same step (`load`, `update`).
 */
export interface RemoteTrainer {
  /** Computes a part's gradients. */
  part(batch: BatchTensors, which: WhichPart): Promise<PartResult>;

  /** Bytes of the block of memory in which it works. */
  readonly room: number;
  /** Begins anew in a block of the caller's memory, with the caller's weights. */
  settle(home: TrainerHome): void;
  /** Makes calls over the caller's memory. */
  call(calls: readonly KernelCall[]): void;
  /** Waits until the last calls have been made; undefined if they have. */
  called(): Promise<void> | undefined;

  /** Which of the caller's weights it has: the caller's mark. */
  has: string | undefined;
  /** Takes weights and the optimizer's state. */
  load(state: TrainerState): Promise<void>;
  /** Makes the update that the caller makes: the same sums, in the same order. */
  update(sums: readonly SummedGradient[], rate: number): Promise<void>;
}

/** A weight's gradient of a whole batch: the sum of its parts, or of a table the parts' rows, which the update adds. */
export interface SummedGradient {
  readonly parameter: number;
  readonly values?: Float32Array;
  readonly tables?: readonly PartGradient[];
}

/**
 * The gradients of a batch from those of its parts, the first part first, in float32. Uses up the first part's arrays.
 *
 * @param add - Adds an array to another one.
 */
export function sumParts(results: readonly PartResult[], add: typeof addTo = addTo): SummedGradient[] {
  const byParameter = new Map<number, PartGradient[]>();
  for (const gradient of results.flatMap(({ gradients }) => gradients)) {
    const parts = byParameter.get(gradient.parameter) ?? [];
    parts.push(gradient);
    byParameter.set(gradient.parameter, parts);
  }
  return [...byParameter]
    .sort(([a], [b]) => a - b)
    .map(([parameter, parts]) => {
      if (parts[0]!.rows) return { parameter, tables: parts };
      const [sum, ...others] = parts.map(({ values }) => values);
      for (const values of others) add(sum!, values);
      return { parameter, values: sum! };
    });
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) sum[i]! += values[i]!;
}

/** The same of arrays that are views of an engine's memory. */
function addWithin(engine: Engine): typeof addTo {
  const { addTo: kernel } = engine.kernels as unknown as Record<"addTo", (...args: number[]) => void>;
  return (sum, values) => kernel(sum.byteOffset, sum.byteOffset, values.byteOffset, values.length);
}

/**
 * A step in parts: the same bits whether the parts are computed on one thread or on several.
 *
 * @param remotes - Trainers that take a part each; the caller's thread takes the rest, one after the other.
 * @param breathing - Takes its turn while this thread waits for the others anyway.
 */
export async function stepInParts(
  trainer: Trainer,
  whole: BatchTensors,
  { parts: count, spanSteps }: CutOfBatch,
  remotes: readonly RemoteTrainer[],
  gathering: Gathering,
  breathing: Breathing,
): Promise<void> {
  const parts = cut(whole, count);
  const { step } = trainer.dropout;
  const shares = parts.map((part) => shareOf(trainer, part, whole));
  const helpers = remotes.slice(0, parts.length - 1);
  const isShared = trainer.engine.shared !== undefined;
  if (isShared) {
    for (const [i, helper] of helpers.entries())
      settle(trainer, helper, parts[i + 1]!, { share: shares[i + 1]!, spanSteps });
  }
  // A thread's next part would overwrite what the last one has left.
  const stays = isShared && parts.length === 1 + helpers.length;
  const which = (i: number) => ({ part: i, step, share: shares[i]!, spanSteps, stays });
  const away = helpers.map((helper, i) => helper.part(parts[i + 1]!, which(i + 1)));
  // Should one fail before it is waited for, it is reported below.
  for (const answer of away) answer.catch(() => undefined);
  const own = [0, ...parts.keys()].filter((i, at) => at === 0 || i > remotes.length);
  const mine = new Map(own.map((i) => [i, trainer.part(parts[i]!, which(i))]));
  const [theirs] = await Promise.all([Promise.all(away), helpers.length > 0 && breathing.breathe()]);
  const results = parts.map((_, i) => mine.get(i) ?? theirs[i - 1]!);
  const losses = Float64Array.from(results[0]!.losses, (_, i) =>
    results.reduce((sum, { losses: part }, k) => sum + shares[k]! * part[i]!, 0),
  );
  if (!losses.every(Number.isFinite)) trainer.diverge("loss", { batch: whole, spanSteps });
  const sums = sumParts(results, stays ? addWithin(trainer.engine) : addTo);
  const rate = trainer.updates.learningRate;
  if (!isShared) {
    // One that fails says so when it is asked for the next part.
    for (const remote of remotes) remote.update(sums, rate).catch(() => undefined);
  }
  const penalty = trainer.update(sums, rate, { batch: whole, spanSteps }, stays ? helpers : []);
  for (const helper of helpers) await helper.called();
  losses[losses.length - 1]! += penalty;
  const seen = parts.map((part, i) => ({ ...part, outputs: results[i]!.outputs }));
  gatherParts(gathering, trainer, losses, seen);
}

/** Gives a thread the memory that a part takes. */
function settle(trainer: Trainer, helper: RemoteTrainer, part: BatchTensors, cut: StepCut): void {
  const bytes = homeBytes(trainer, part, cut);
  // Some more, since a block that is too small is lost.
  if (helper.room < bytes) helper.settle(lend(trainer, Math.ceil(1.25 * bytes)));
}

function read<View extends Float32Array | Int32Array>(
  all: View,
  address: number,
  count: number,
  isView: boolean,
): View {
  const [first, end] = [address >> 2, (address >> 2) + count];
  return (isView ? all.subarray(first, end) : all.slice(first, end)) as View;
}

/**
 * Reads what a part's plan has left in memory.
 *
 * @param report - Address of the losses.
 * @param stays - True for views of the gradients where they can stay, false for copies.
 */
export function readPart(trainer: Trainer, plan: StepPlan, report: number, stays: boolean): PartResult {
  const { engine, parameters, settings, updates } = trainer;
  const { memory } = engine;
  const { bound } = plan;
  const numbers = (address: number, count: number) => memory.f32.slice(address >> 2, (address >> 2) + count);
  const { trainable } = parameters;
  const gradients = plan.written.map((parameter): PartGradient => {
    const index = trainable.indexOf(parameter);
    const table = plan.tables.find((candidate) => candidate.parameter === parameter);
    if (!table)
      return { parameter: index, values: read(memory.f32, parameter.gradient!.address, parameter.size, stays) };
    const total = memory.i32[bound.address(table.total) >> 2]!;
    // Room for the gradient of a whole table may be taken later, where its rows lie now.
    const isView = stays && updates.dividesRows(parameter);
    return {
      parameter: index,
      rows: read(memory.i32, bound.address(table.named), total, isView),
      values: read(memory.f32, bound.address(table.gradient), total * parameter.shape[1]!, isView),
    };
  });
  return {
    gradients,
    losses: numbers(report, settings.length + 1),
    outputs: plan.outputs.map((value) => ({
      data: numbers(bound.address(value), sizeOf(value.shape)),
      shape: value.shape,
    })),
  };
}
