import { type Place, reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { copyView, filled, gather, select, stridesOf } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { type SequenceCell, type SequenceRun, shifted } from "./sequence-run.ts";

/** Plans one step: [x, …states, …constants] in, [output, …states] out. */
export type PlanStep = (inputs: readonly Value[]) => readonly Value[];

/**
 * Plans a cell step by step, for cells without a kernel of their own, and for training, which walks back over the
 * operations of every step. The plan grows with the timesteps.
 */
export function runStepwise(p: Planner, cell: SequenceCell, run: SequenceRun, plan: PlanStep): void {
  const { batch, timesteps, mask } = run;
  const shapes = cell.shapes(run.stepShape);
  let states = shapes.states.map((shape, i) => startState(p, run.initial?.[i], [batch, ...shape]));
  const zeros = filled(p, [batch, ...shapes.output], 0);
  const isInitial = run.firstMaskedIsInitial && states.length > 0;
  let previous: Value = isInitial ? { ...states[0]!, shape: [batch, ...shapes.output] } : zeros;
  for (let t = 0; t < timesteps; t++) {
    const x = stepOf(p, shifted(run.x.place, 4 * t * run.x.timeStride), run.x.batchStride, [batch, ...run.stepShape]);
    const [output, ...after] = plan([x, ...states, ...run.constants]);
    const bits =
      mask &&
      gather(p, { place: shifted(mask.place, t * mask.timeStride), strides: [mask.batchStride] }, [batch], "bool");
    const choose = (fresh: Value, kept: Value) =>
      bits
        ? select(
            p,
            reshaped(
              bits,
              fresh.shape.map((n, axis) => (axis === 0 ? n : 1)),
            ),
            fresh,
            kept,
          )
        : fresh;
    const before = states;
    states = after.map((state, i) => choose(state, before[i]!));
    previous = choose(output!, run.zeroOutputForMask ? zeros : previous);
    if (run.returnSequences || t === timesteps - 1) {
      const place = run.returnSequences ? shifted(run.y.place, 4 * t * run.y.timeStride) : run.y.place;
      const [, ...inner] = stridesOf(previous.shape);
      copyTo(p, place, [run.y.batchStride, ...inner], previous);
    }
  }
  for (const [i, state] of states.entries()) copyTo(p, run.final[i]!, stridesOf(state.shape), state);
}

/** A dense copy of a step's rows, which lie `batchStride` elements apart. */
function stepOf(p: Planner, place: Place, batchStride: number, shape: Shape): Value {
  return gather(p, { place, strides: [batchStride, ...stridesOf(shape).slice(1)] }, shape, "float32");
}

function copyTo(p: Planner, place: Place, strides: readonly number[], from: Value): void {
  copyView(p, { place, strides }, { place: from, strides: stridesOf(from.shape) }, from.shape, "float32");
}

/** A copy of the initial state, as a stateful layer's is overwritten at the end; zeros without one. */
function startState(p: Planner, initial: Place | undefined, shape: Shape): Value {
  if (!initial) return filled(p, shape, 0);
  return gather(p, { place: initial, strides: stridesOf(shape) }, shape, "float32");
}
