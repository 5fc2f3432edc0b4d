import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import type { Place } from "../../plan/buffer.ts";
import type { Tape } from "../tape.ts";
import { GateFactors } from "./gate-factors.ts";
import {
  type CellInput,
  type CellOfSpans,
  type CellPass,
  type CellRun,
  cellPass,
  dropoutMasks,
} from "./sequence-pass.ts";

/** The cells of a layer, from the input up, on a way through its sequences: as a whole, or span by span. */
export class CellStack {
  readonly #tape: Tape;
  readonly #batch: number;
  readonly #cells: readonly CellOfSpans[];

  private constructor(tape: Tape, batch: number, cells: readonly Omit<CellOfSpans, "factors">[]) {
    this.#tape = tape;
    this.#batch = batch;
    this.#cells = cells.map(({ steps, drops }) => ({ steps, drops, factors: new GateFactors(tape, steps, drops) }));
  }

  /** Cells with new dropout masks. */
  static of(tape: Tape, cells: readonly FusedSteps[], batch: number, features: number): CellStack {
    const widths = [features, ...cells.map(({ units }) => units)];
    const dropped = cells.map((steps, i) => ({ steps, drops: dropoutMasks(tape, steps, batch, widths[i]!) }));
    return new CellStack(tape, batch, dropped);
  }

  /** The same cells and dropout masks for another way; no packed weights are kept between the two. */
  again(): CellStack {
    return new CellStack(this.#tape, this.#batch, this.#cells);
  }

  /** True if the input has dropout masks of its own, so that equal inputs are not the same to the cells. */
  get dropsInput(): boolean {
    return this.#cells[0]!.drops.input.length > 0;
  }

  /** Bytes of each state of a batch. */
  get stateBytes(): readonly number[] {
    return this.#cells.flatMap(({ steps }) => new Array<number>(steps.stateCount).fill(4 * this.#batch * steps.units));
  }

  /** Runs all cells over a span. Their states, and their gradients, are those of all cells, the lowest first. */
  pass(run: CellRun): CellPass {
    const counts = this.#cells.map(({ steps }) => steps.stateCount);
    const ofCell = <T>(states: readonly T[], i: number): readonly T[] => {
      const first = counts.slice(0, i).reduce((a, b) => a + b, 0);
      return states.slice(first, first + counts[i]!);
    };
    let input: { x: CellInput; features: number } = run;
    const passes = this.#cells.map((cell, i) => {
      const { x, features } = input;
      const done = cellPass(this.#tape, cell, { ...run, x, features, initial: run.initial && ofCell(run.initial, i) });
      input = { x: { steps: () => done.h }, features: cell.steps.units };
      return done;
    });
    return {
      h: passes.at(-1)!.h,
      states: passes.flatMap(({ states }) => states),
      backward(dy, dStates, wantX) {
        let above = dy;
        const dInitial: (readonly Place[])[] = [];
        for (let i = passes.length - 1; i >= 0; i--) {
          const back = passes[i]!.backward(above, ofCell(dStates, i), wantX || i > 0);
          above = back.dx;
          dInitial.unshift(back.dInitial);
        }
        return { dx: above, dInitial: dInitial.flat() };
      },
    };
  }
}
