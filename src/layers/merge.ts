import type { BinaryOp } from "../engine/tensor-codes.ts";
import { ShapeError } from "../errors.ts";
import { reshaped, type Value, withMask } from "../plan/buffer.ts";
import { broadcastShape } from "../plan/copy-ops.ts";
import type { Planner } from "../plan/planner.ts";
import { axisOf, binary, broadcastTo, cast, commonDtype, concat, filled, logical, select } from "../plan/tensor-ops.ts";
import { integers } from "./config.ts";
import { Layer, type LayerCall } from "./layer.ts";

/** Inputs of one rank: short ones get axes of one after the batch. */
function evenRanks(inputs: readonly Value[]): Value[] {
  const rank = Math.max(...inputs.map((x) => x.shape.length));
  return inputs.map((x) => {
    const missing = rank - x.shape.length;
    const shape = [...x.shape.slice(0, 1), ...new Array<number>(missing).fill(1), ...x.shape.slice(1)];
    return missing > 0 ? { ...reshaped(x, shape), mask: x.mask } : x;
  });
}

/** The masks of the inputs as one: all must hold, or any, by the file's era. */
function joinMasks(p: Planner, layer: Layer, inputs: readonly Value[]): Value | undefined {
  const { mergeMasks } = layer.profile;
  const masks = inputs.map((x) => x.mask).filter((mask) => mask !== undefined);
  if (mergeMasks === "lost" || masks.length === 0) return undefined;
  if (mergeMasks === "or" && masks.length < inputs.length) return undefined;
  const joined = masks.reduce((a, b) => logical(p, mergeMasks === "or" ? "or" : "and", a, b));
  return { ...joined, taken: masks.some(({ taken }) => taken) };
}

/** The inputs without masks that have been taken off. */
function untaken(inputs: readonly Value[]): Value[] {
  return inputs.map((x) => (x.mask?.taken ? withMask(x, undefined) : x));
}

/** Layers that put tensors together element by element, left to right. */
abstract class Merging extends Layer {
  protected abstract readonly op: BinaryOp;

  /** All inputs, of one rank, as one. */
  protected merge(p: Planner, inputs: readonly Value[]): Value {
    return inputs.reduce((a, b) => binary(p, this.op, a, b));
  }

  /** What happens to the whole, once all inputs are in. */
  protected finish(_p: Planner, whole: Value, _count: number): Value {
    return whole;
  }

  override plan(p: Planner, inputs: readonly Value[], _call: LayerCall): readonly Value[] {
    if (inputs.length < 2 && this.op === "subtract") {
      throw new ShapeError(`${this}: expected two inputs; got ${inputs.length}.`);
    }
    const even = evenRanks(inputs);
    broadcastShape(even.map((x) => x.shape));
    const whole = this.merge(p, even);
    return [withMask(this.finish(p, whole, inputs.length), joinMasks(p, this, inputs))];
  }
}

export class Add extends Merging {
  protected readonly op = "add";
}
export class Subtract extends Merging {
  protected readonly op = "subtract";
}

/** A mask with axes of one behind, so that it goes along with all features. */
function spread(mask: Value, rank: number): Value {
  return reshaped(mask, [...mask.shape, ...new Array<number>(rank - mask.shape.length).fill(1)]);
}

/** Product; in Keras 3.4 and later masked steps count as ones, and as zeros where every input is masked. */
export class Multiply extends Merging {
  protected readonly op = "multiply";

  protected override merge(p: Planner, inputs: readonly Value[]): Value {
    if (this.profile.mergeMasks !== "or") return super.merge(p, inputs);
    const product = untaken(inputs)
      .map((x) => (x.mask ? select(p, spread(x.mask, x.shape.length), x, 1) : x))
      .reduce((a, b) => binary(p, this.op, a, b));
    const mask = joinMasks(p, this, untaken(inputs));
    return mask ? select(p, spread(mask, product.shape.length), product, 0) : product;
  }
}

/** Largest or smallest; in Keras 3.4 and later a masked step takes no part beside an unmasked one. */
abstract class Extreme extends Merging {
  protected override merge(p: Planner, inputs: readonly Value[]): Value {
    if (this.profile.mergeMasks !== "or") return super.merge(p, inputs);
    return untaken(inputs).reduce((whole, x) => {
      const own = x.mask ? select(p, spread(x.mask, x.shape.length), x, whole) : x;
      const rest = whole.mask ? select(p, spread(whole.mask, whole.shape.length), whole, own) : whole;
      const mask = whole.mask && x.mask && logical(p, "or", whole.mask, x.mask);
      return withMask(binary(p, this.op, rest, own), mask);
    });
  }
}
export class Maximum extends Extreme {
  protected readonly op = "maximum";
}
export class Minimum extends Extreme {
  protected readonly op = "minimum";
}
export class Average extends Merging {
  protected readonly op = "add";

  protected override finish(p: Planner, whole: Value, count: number): Value {
    return binary(p, "divide", whole, count);
  }
}

/** Joins tensors along an axis. */
export class Concatenate extends Layer {
  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const [axis = -1] = integers(this, this.config, "axis", [-1]);
    const dtype = commonDtype(inputs);
    const y = concat(
      p,
      inputs.map((x) => cast(p, x, dtype)),
      axis,
    );
    return [withMask(y, this.#mask(p, inputs, axisOf(axis, y.shape.length)))];
  }

  #mask(p: Planner, inputs: readonly Value[], axis: number): Value | undefined {
    const { mergeMasks } = this.profile;
    const present = inputs.filter((x) => x.mask).length;
    if (mergeMasks === "lost" || present === 0) return undefined;
    if (mergeMasks === "or" && present < inputs.length) return undefined;
    const rank = inputs[0]!.shape.length;
    if (axis === rank - 1) return joinMasks(p, this, inputs);
    const masks = inputs.map((x) => {
      const lead = x.shape.slice(0, Math.max(axis + 1, x.mask?.shape.length ?? 0));
      if (!x.mask) return filled(p, lead, 1, "bool");
      const shape = [...x.mask.shape, ...new Array<number>(lead.length - x.mask.shape.length).fill(1)];
      return broadcastTo(p, reshaped(x.mask, shape), lead);
    });
    const ranks = Math.min(...masks.map((mask) => mask.shape.length));
    return masks.every((mask) => mask.shape.length === ranks)
      ? { ...concat(p, masks, axis), taken: inputs.some((x) => x.mask?.taken) }
      : undefined;
  }
}
