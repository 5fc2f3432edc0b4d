import { WeightsError } from "../errors.ts";
import { weightOwners } from "../formats/native/weight-names.ts";
import type { InferenceModel } from "../model/model.ts";
import { formatShape, type Tensor } from "../tensor.ts";

/** Copies of a model's weights, layer by layer in Keras' order. */
export function weightsOf(model: InferenceModel): Tensor[] {
  return weightOwners(model.root).flatMap(({ layer }) => layer.getWeights());
}

/** Replaces a model's weights, all or none. @throws {WeightsError} */
export function replaceWeights(model: InferenceModel, weights: readonly Tensor[]): void {
  const owners = weightOwners(model.root);
  const wanted = owners.flatMap(({ layer }) => layer.weights.map((weight) => ({ layer, weight })));
  if (!Array.isArray(weights) || weights.length !== wanted.length) {
    const got = Array.isArray(weights) ? weights.length : typeof weights;
    throw new WeightsError(
      `The model has ${wanted.length} weights; got ${got}. Pass a list of tensors, as getWeights() gives it.`,
    );
  }
  wanted.forEach(({ layer, weight }, i) => {
    const { data, shape } = (weights[i] ?? {}) as Partial<Tensor>;
    const fits = shape?.length === weight.shape.length && shape.every((n, axis) => n === weight.shape[axis]);
    if (!fits || data?.length !== weight.data.length || Array.isArray(data)) {
      const got = shape ? formatShape(shape) : "no { data, shape }";
      throw new WeightsError(
        `${layer}: the weight ${weight.name} must be ${formatShape(weight.shape)}; got ${got} (number ${i} of the list).`,
      );
    }
  });
  let next = 0;
  for (const { layer } of owners) {
    layer.setWeights(
      layer.weights.map(({ shape }) => ({ shape, data: Float32Array.from(weights[next++]!.data as Float32Array) })),
    );
  }
  model.refreshWeights();
}
