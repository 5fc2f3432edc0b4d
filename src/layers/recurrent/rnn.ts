import { innerSpec } from "../inner-spec.ts";
import type { BuildContext, ChildLayer, Layer, LayerSpec } from "../layer.ts";
import { asCell } from "./cell.ts";
import { Recurrent } from "./recurrent.ts";
import type { SequenceCell } from "./sequence-run.ts";

/** A cell run over time. A list of cells is a stack of them. */
export class RNN extends Recurrent {
  readonly cell: Layer & SequenceCell;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    const { cell } = this.config;
    const inner: LayerSpec = Array.isArray(cell)
      ? { className: "StackedRNNCells", name: `${this.name}_cells`, config: { cells: cell }, trainable: this.trainable }
      : innerSpec(this, "cell");
    this.cell = asCell(this, context.create(inner));
  }

  override get children(): readonly ChildLayer[] {
    return [{ path: "cell", layer: this.cell }];
  }
}
