import { ShapeError, UnsupportedLayerError } from "../errors.ts";
import { reshaped, type Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { axisOf, matmul, moveAxis, unitNorm } from "../plan/tensor-ops.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import { flag, integers } from "./config.ts";
import { Layer } from "./layer.ts";

/** Products of vectors along one axis of each input. */
export class Dot extends Layer {
  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const [a, b] = inputs;
    if (!a || !b || inputs.length !== 2) throw new ShapeError(`${this}: expected two inputs; got ${inputs.length}.`);
    const axes = integers(this, this.config, "axes", [-1]);
    const first = axisOf(axes[0]!, a.shape.length);
    const second = axisOf(axes[1] ?? axes[0]!, b.shape.length);
    const cosine = flag(this, this.config, "keras1Cos", false);
    if (first === 0 || second === 0 || a.shape[first] !== b.shape[second]) {
      throw new ShapeError(
        `${this}: axes ${first} and ${second} of ${formatShape(a.shape)} and ${formatShape(b.shape)} do not fit.`,
      );
    }
    if (cosine && a.shape.length > 2) {
      throw new UnsupportedLayerError(`${this}: the mode "cos" is supported for vectors only.`);
    }
    const normal = flag(this, this.config, "normalize", false);
    const [u, v] = normal ? [unitNorm(p, a, [first], 1e-12), unitNorm(p, b, [second], 1e-12)] : [a, b];
    const left = moveAxis(p, u, first, -1);
    const right = moveAxis(p, v, second, 1);
    const [batch, k] = right.shape as [number, number];
    const rows = left.shape.slice(1, -1);
    const columns = right.shape.slice(2);
    const y = matmul(p, reshaped(left, [batch, sizeOf(rows), k]), reshaped(right, [batch, k, sizeOf(columns)]));
    const shape = [batch, ...rows, ...columns];
    return [reshaped(y, cosine ? [batch, 1, 1] : shape.length === 1 ? [batch, 1] : shape)];
  }
}
