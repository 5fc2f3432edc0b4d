import { WeightsError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { cast, constant } from "../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../tensor.ts";
import { Layer, type LayerCall } from "./layer.ts";
import type { LayerClass } from "./registry.ts";

/**
 * A layer of one function of tensors, as Keras' `Lambda` is. It appends operations (`binary`, `reduce` …) to the plan,
 * once for every set of shapes; no mask comes out.
 *
 * @example
 * // Lambda(lambda x: x[0] * 2 + x[1], name="blend")
 * const blend = lambda((p, [a, b]) => binary(p, "add", binary(p, "multiply", a, 2), b));
 * const model = await loadModel("model.h5", { customObjects: { blend } });
 */
export function lambda(
  f: (p: Planner, inputs: readonly Value[], layer: Layer, call: LayerCall) => Value | readonly Value[],
): LayerClass {
  return class extends Layer {
    override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
      return [f(p, inputs, this, call)].flat() as Value[];
    }
  };
}

/**
 * A layer of one function of arrays, in plain JavaScript: slower than {@link lambda}, but nothing to learn. Inputs and
 * output are float32, row-major, the batch first.
 *
 * @param shape - The output's shape, with the batch, from those of the inputs.
 * @param run - Fills the output. The arrays are views of the model's memory: do not keep them.
 * @example
 * // Lambda(lambda x: K.sin(x), name="sine")
 * const sine = arrayLambda((x) => x, (y, x) => { for (let i = 0; i < y.length; i++) y[i] = Math.sin(x[i]); });
 */
export function arrayLambda(
  shape: (...inputs: Shape[]) => Shape,
  run: (output: Float32Array, ...inputs: Float32Array[]) => void,
): LayerClass {
  return lambda((p, given) => {
    const inputs = given.map((input) => cast(p, input, "float32"));
    const y = p.tensor(shape(...inputs.map((input) => input.shape)));
    const sizes = [y, ...inputs].map((value) => sizeOf(value.shape));
    p.host([y, ...inputs], (memory, addresses) => {
      const views = addresses.map((address, i) => memory.f32.subarray(address >> 2, (address >> 2) + sizes[i]!));
      run(views[0]!, ...views.slice(1));
    });
    return y;
  });
}

/**
 * A layer's weight as a tensor of a plan.
 *
 * @throws {WeightsError} If the layer has none of that name.
 */
export function weightOf(p: Planner, layer: Layer, name: string): Value {
  const weight = layer.weight(name);
  if (!weight) throw new WeightsError(`${layer} has no weight ${name}.`);
  return constant(p, layer, `custom:${name}`, () => weight.data, weight.shape);
}
