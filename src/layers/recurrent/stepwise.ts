import type { Place, Value } from "../../plan/buffer.ts";
import type { HostMemory, Planner } from "../../plan/planner.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { type SequenceCell, type SequenceRun, shifted } from "./sequence-run.ts";

/** Plans one step: [x, …states, …constants] in, [output, …states] out. */
export type PlanStep = (inputs: readonly Value[]) => readonly Value[];

/** Where the rows of a batch lie: at `address + row · bytes`. */
function copyRow(memory: HostMemory, target: number, source: number, bytes: number): void {
  memory.u8.copyWithin(target, source, source + bytes);
}

/**
 * Plans a cell step by step, for cells without a kernel of their own. The plan grows with the timesteps; moving rows is
 * exact, so that it happens in JavaScript.
 */
export function runStepwise(p: Planner, cell: SequenceCell, run: SequenceRun, plan: PlanStep): void {
  const { batch, timesteps, mask } = run;
  const shapes = cell.shapes(run.stepShape);
  const outputBytes = 4 * sizeOf(shapes.output);
  let states = shapes.states.map((shape, i) => startState(p, run.initial?.[i], [batch, ...shape]));
  const zeros = zeroed(p, [batch, ...shapes.output]);
  const isInitial = run.firstMaskedIsInitial && states.length > 0;
  let previous: Value = isInitial ? { ...states[0]!, shape: [batch, ...shapes.output] } : zeros;
  for (let t = 0; t < timesteps; t++) {
    const x = takeStep(p, run, t);
    const [output, ...after] = plan([x, ...states, ...run.constants]);
    const bytes = mask && shifted(mask.place, t * mask.timeStride);
    const select = (fresh: Value, kept: Value) => (bytes ? selectRows(p, bytes, mask.batchStride, fresh, kept) : fresh);
    const before = states;
    states = after.map((state, i) => select(state, before[i]!));
    previous = select(output!, run.zeroOutputForMask ? zeros : previous);
    if (run.returnSequences || t === timesteps - 1) {
      const to = run.returnSequences ? shifted(run.y.place, 4 * t * run.y.timeStride) : run.y.place;
      const stride = 4 * run.y.batchStride;
      p.host([to, previous], (memory, [target, source]) => {
        for (let b = 0; b < batch; b++) copyRow(memory, target! + b * stride, source! + b * outputBytes, outputBytes);
      });
    }
  }
  states.forEach((state, i) => {
    const size = 4 * sizeOf(state.shape);
    p.host([run.final[i]!, state], (memory, [target, source]) => copyRow(memory, target!, source!, size));
  });
}

function zeroed(p: Planner, shape: Shape): Value {
  const value = p.tensor(shape);
  const bytes = 4 * sizeOf(shape);
  p.host([value], (memory, [at]) => memory.u8.fill(0, at!, at! + bytes));
  return value;
}

/** A copy of the initial state, as a stateful layer's is overwritten at the end; zeros without one. */
function startState(p: Planner, initial: Place | undefined, shape: Shape): Value {
  if (!initial) return zeroed(p, shape);
  const value = p.tensor(shape);
  const bytes = 4 * sizeOf(shape);
  p.host([value, initial], (memory, [target, source]) => copyRow(memory, target!, source!, bytes));
  return value;
}

function takeStep(p: Planner, run: SequenceRun, t: number): Value {
  const { batch, stepShape } = run;
  const value = p.tensor([batch, ...stepShape]);
  const bytes = 4 * sizeOf(stepShape);
  const stride = 4 * run.x.batchStride;
  p.host([value, shifted(run.x.place, 4 * t * run.x.timeStride)], (memory, [target, source]) => {
    for (let b = 0; b < batch; b++) copyRow(memory, target! + b * bytes, source! + b * stride, bytes);
  });
  return value;
}

/** Rows of `fresh` where the mask is set, of `kept` elsewhere. */
function selectRows(p: Planner, mask: Place, stride: number, fresh: Value, kept: Value): Value {
  const value = p.tensor(fresh.shape);
  const batch = fresh.shape[0]!;
  const bytes = 4 * sizeOf(fresh.shape.slice(1));
  p.host([mask, fresh, kept, value], (memory, [maskAt, freshAt, keptAt, target]) => {
    for (let b = 0; b < batch; b++) {
      const source = memory.u8[maskAt! + b * stride] === 0 ? keptAt! : freshAt!;
      copyRow(memory, target! + b * bytes, source + b * bytes, bytes);
    }
  });
  return value;
}
