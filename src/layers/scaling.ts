import { type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { axisOf, binary, cast, constant, unary, unitNorm } from "../plan/tensor-ops.ts";
import { sizeOf } from "../tensor.ts";
import { flag, integers, real } from "./config.ts";
import type { WeightSpec } from "./layer.ts";
import { FreeShapeLayer, keras3Mask, passingInKeras3, passingLayer } from "./simple-layer.ts";

/** Each vector to length one. */
export const UnitNormalization = passingLayer((p, x, layer) =>
  unitNorm(p, x, integers(layer, layer.config, "axis", [-1]), 1e-12),
);

/** x · scale + offset. */
export const Rescaling = passingInKeras3((p, x, layer) => {
  const number = (key: string, fallback: number): Value | number => {
    const value = layer.config[key];
    return Array.isArray(value)
      ? constant(p, layer, key, value as number[], [value.length])
      : real(layer, layer.config, key, fallback);
  };
  const [scale, offset] = [number("scale", 1), number("offset", 0)];
  if (typeof scale === "number" && typeof offset === "number") return unary(p, "affine", x, scale, offset);
  return binary(p, "add", binary(p, "multiply", cast(p, x, "float32"), scale), offset);
});

/** (x − mean) / √variance with given or adapted statistics. */
export class Normalization extends FreeShapeLayer {
  override freeSpecs(): readonly WeightSpec[] {
    if (this.config["mean"] != null) return [];
    return ["mean", "variance"].map((name) => ({ name, shape: [], trainable: false }));
  }

  /** True if the layer goes back from normalised values. */
  get inverted(): boolean {
    return flag(this, this.config, "invert", false);
  }

  /** Mean and deviation, in shapes that spread over x. */
  moments(p: Planner, x: Value): { readonly mean: Value; readonly deviation: Value } {
    const rank = x.shape.length;
    const kept =
      this.config["axis"] === null ? [] : integers(this, this.config, "axis", [-1]).map((axis) => axisOf(axis, rank));
    const shape = x.shape.map((n, i) => (kept.includes(i) ? n : 1));
    const [mean, variance] = ["mean", "variance"].map((name) => {
      const given = this.config[name];
      const size = sizeOf(shape);
      const data = (): ArrayLike<number> => {
        const list = given == null ? this.needWeight(name).data : [given].flat(9).map(Number);
        return list.length === size ? list : new Array<number>(size).fill(list[0]!);
      };
      return constant(p, this, `${name}:${size}`, data, shape);
    }) as [Value, Value];
    return { mean, deviation: binary(p, "maximum", unary(p, "sqrt", variance), 1e-7) };
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = cast(p, inputs[0]!, "float32");
    const { mean, deviation } = this.moments(p, x);
    const y = this.inverted
      ? binary(p, "add", mean, binary(p, "multiply", x, deviation))
      : binary(p, "divide", binary(p, "subtract", x, mean), deviation);
    return [withMask(y, keras3Mask(this, inputs[0]!))];
  }
}
