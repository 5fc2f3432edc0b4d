import { type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { floats } from "../plan/tensor-ops.ts";
import { sizeOf } from "../tensor.ts";
import { real } from "./config.ts";
import { type BuildContext, Layer, type LayerSpec } from "./layer.ts";

/** Masks the steps whose features all equal `maskValue`, and makes them zero. */
export class Masking extends Layer {
  readonly maskValue: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.maskValue = real(this, this.config, "maskValue", 0);
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = floats(p, inputs[0]!);
    this.checkInput(x, [2, 3, 4, 5, 6]);
    const width = x.shape.at(-1)!;
    const y = p.tensor(x.shape);
    const mask = p.tensor(x.shape.slice(0, -1), "bool");
    p.emit("maskRows", { mask, y, x, rows: sizeOf(mask.shape), width, value: this.maskValue });
    return [withMask(y, mask)];
  }
}
