import { UnsupportedLayerError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import type { Shape } from "../../tensor.ts";
import { Layer } from "../layer.ts";
import type { CellShapes, SequenceCell, SequenceRun } from "./sequence-run.ts";
import { runStepwise } from "./stepwise.ts";

/**
 * Base of custom cells: `plan` takes [x, …states, …constants] of one step and returns [output, …states].
 *
 * @example
 * class Minimal extends Cell {
 *   shapes() { return { output: [4], states: [[4]] }; }
 *   override plan(p: Planner, [x, h]: readonly Value[]) { … return [y, y]; }
 * }
 * await loadModel(source, { customObjects: { "my>Minimal": Minimal } });
 */
export abstract class Cell extends Layer implements SequenceCell {
  readonly writesStrided = true;

  abstract shapes(stepShape: Shape): CellShapes;

  runSequence(p: Planner, run: SequenceRun): void {
    runStepwise(p, this, run, (step: readonly Value[]) => this.plan(p, step, {}));
  }
}

/**
 * A layer as a cell.
 *
 * @throws {UnsupportedLayerError} If it is not one.
 */
export function asCell(owner: Layer, layer: Layer): Layer & SequenceCell {
  if ("runSequence" in layer && "shapes" in layer) return layer as Layer & SequenceCell;
  throw new UnsupportedLayerError(
    `${owner}: ${layer} is not a cell. Cells are SimpleRNNCell, LSTMCell, GRUCell, StackedRNNCells, ConvLSTM cells and custom ones that extend Cell.`,
  );
}
