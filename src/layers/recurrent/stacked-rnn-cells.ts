import type { Place, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { flag } from "../config.ts";
import { innerSpecs } from "../inner-spec.ts";
import { type BuildContext, type ChildLayer, Layer, type LayerSpec } from "../layer.ts";
import { asCell } from "./cell.ts";
import type { CellShapes, SequenceCell, SequenceRun, Strided } from "./sequence-run.ts";

/**
 * Cells one above the other. Each runs over the whole sequence before the next: the same numbers as step by step, as
 * masked steps keep every cell's state and output.
 */
export class StackedRNNCells extends Layer implements SequenceCell {
  readonly cells: readonly (Layer & SequenceCell)[];
  readonly #reversedStates: boolean;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.cells = innerSpecs(this, "cells").map((inner) => asCell(this, context.create(inner)));
    this.#reversedStates = flag(this, this.config, "reverseStateOrder", this.profile.stackedStates === "reversed");
  }

  override get children(): readonly ChildLayer[] {
    return this.cells.map((layer, i) => ({ path: `cells/${i}`, layer }));
  }

  get writesStrided(): boolean {
    return this.cells.at(-1)!.writesStrided;
  }

  #perCell(stepShape: Shape): readonly CellShapes[] {
    let input = stepShape;
    return this.cells.map((cell) => {
      const shapes = cell.shapes(input);
      input = shapes.output;
      return shapes;
    });
  }

  shapes(stepShape: Shape): CellShapes {
    const all = this.#perCell(stepShape);
    const ordered = this.#reversedStates ? [...all].reverse() : all;
    return { output: all.at(-1)!.output, states: ordered.flatMap((cell) => cell.states) };
  }

  /** Cuts a list of all states into the cells' own, in the cells' order. */
  #cut<T>(all: readonly T[], counts: readonly number[]): readonly (readonly T[])[] {
    const ordered = this.#reversedStates ? [...counts].reverse() : counts;
    let at = 0;
    const parts = ordered.map((count) => {
      at += count;
      return all.slice(at - count, at);
    });
    return this.#reversedStates ? parts.reverse() : parts;
  }

  runSequence(p: Planner, run: SequenceRun): void {
    const all = this.#perCell(run.stepShape);
    const counts = all.map((shapes) => shapes.states.length);
    const initial = run.initial && this.#cut<Place>(run.initial, counts);
    const final = this.#cut<Place>(run.final, counts);
    let { x, stepShape, gathered } = run;
    let lowest: Strided | undefined;
    this.cells.forEach((cell, i) => {
      const isTop = i === this.cells.length - 1;
      const width = sizeOf(all[i]!.output);
      const between = isTop ? undefined : p.tensor([run.batch, run.timesteps, ...all[i]!.output]);
      const y = between ? { place: between, batchStride: run.timesteps * width, timeStride: width } : run.y;
      cell.runSequence(p, {
        ...run,
        stepShape,
        x,
        gathered,
        initial: initial?.[i],
        final: final[i]!,
        y,
        returnSequences: isTop ? run.returnSequences : true,
        zeroOutputForMask: isTop && run.zeroOutputForMask,
      });
      if (i === 0) lowest = y;
      x = y;
      stepShape = all[i]!.output;
      gathered = undefined;
    });
    if (this.#maskedIsLowest(run)) this.#putLowest(p, run, lowest!, sizeOf(all.at(-1)!.output));
  }

  /**
   * Keras 2.2.3 and 2.2.4 on TensorFlow put out the first state of all at a masked step, and after the states' order
   * had become natural that was the first cell's instead of the last one's.
   */
  #maskedIsLowest(run: SequenceRun): boolean {
    const looped = run.firstMaskedIsInitial && this.profile.firstMaskedOutput === "initialState";
    return looped && !!run.mask && !this.#reversedStates && this.cells.length > 1;
  }

  #putLowest(p: Planner, run: SequenceRun, lowest: Strided, width: number): void {
    const { batch, timesteps, returnSequences } = run;
    const mask = run.mask!;
    p.host([mask.place, lowest.place, run.y.place], (memory, [maskAt, from, to]) => {
      for (let b = 0; b < batch; b++) {
        for (let t = returnSequences ? 0 : timesteps - 1; t < timesteps; t++) {
          if (memory.u8[maskAt! + b * mask.batchStride + t * mask.timeStride] !== 0) continue;
          const source = (from! >> 2) + b * lowest.batchStride + t * lowest.timeStride;
          const target = (to! >> 2) + b * run.y.batchStride + (returnSequences ? t * run.y.timeStride : 0);
          memory.f32.copyWithin(target, source, source + width);
        }
      }
    });
  }

  /** One step, for a stack inside a custom cell. */
  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const [x, ...states] = inputs;
    const counts = this.#perCell(x!.shape.slice(1)).map((shapes) => shapes.states.length);
    const parts = this.#cut(states, counts);
    let out = x!;
    const after = this.cells.map((cell, i) => {
      const [y, ...own] = cell.plan(p, [out, ...parts[i]!], {});
      out = y!;
      return own;
    });
    const ordered = this.#reversedStates ? [...after].reverse() : after;
    return [out, ...ordered.flat()];
  }
}
