import { ShapeError } from "../errors.ts";
import { formatShape, type Tensor } from "../tensor.ts";

/** Where `predictInto` writes. */
export type OutputTarget = Float32Array | Int32Array | { readonly data: Float32Array | Int32Array };

/** Copies outputs into a caller's arrays, all or none. @throws {ShapeError} */
export function writeOutputs(targets: readonly OutputTarget[], outputs: readonly Tensor[]): void {
  const arrays = targets.map((target) => ("data" in target && !ArrayBuffer.isView(target) ? target.data : target));
  if (arrays.length !== outputs.length) {
    throw new ShapeError(`The model has ${outputs.length} outputs; \`out\` has ${arrays.length}.`);
  }
  outputs.forEach(({ data, shape }, i) => {
    const array = arrays[i] as Float32Array;
    if (array.length !== data.length) {
      throw new ShapeError(
        `\`out\` ${i} must hold ${data.length} elements (${formatShape(shape)}); it holds ${array.length}.`,
      );
    }
  });
  outputs.forEach(({ data }, i) => {
    (arrays[i] as Float32Array).set(data as Float32Array);
  });
}
