import type { Model, Tensor } from "../platform/node.ts";

const ROWS = 8;
/** Steps of an axis that the model leaves open. */
const STEPS = 12;

/**
 * Inputs to compare two models on where the user gives none: the same in every run, with padding behind the sequences
 * where the model has masks.
 */
export function randomInputs(model: Model): readonly Tensor[] {
  const layers = everyLayer(model.inference.root);
  const tables = layers.flatMap(({ config }) => (typeof config["inputDim"] === "number" ? [config["inputDim"]] : []));
  const ids = Math.max(1, Math.min(...tables, 1000));
  const masking = layers.find((layer) => layer.className === "Masking");
  const padding = masking ? Number(masking.config["maskValue"] ?? 0) : undefined;
  let seed = 1;
  const uniform = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return model.inputs.map(({ shape, dtype }) => {
    const sizes = (shape ?? [null, STEPS]).map((n, axis) => n ?? (axis === 0 ? ROWS : STEPS));
    const data = new Float32Array(sizes.reduce((a, b) => a * b, 1));
    const isInteger = dtype !== "float32" || tables.length > 0;
    for (const i of data.keys()) data[i] = isInteger ? Math.floor(uniform() * ids) : 4 * uniform() - 2;
    const steps = sizes[1] ?? 1;
    const width = sizes.slice(2).reduce((a, b) => a * b, 1);
    const fill = isInteger ? 0 : padding;
    for (let row = 0; fill !== undefined && sizes.length > 1 && row < sizes[0]!; row++) {
      // Every row another length, the first one whole.
      const length = Math.max(1, steps - (row % steps));
      data.fill(fill, (row * steps + length) * width, (row + 1) * steps * width);
    }
    return { shape: sizes, data: dtype === "float32" ? data : Int32Array.from(data) };
  });
}

type AnyLayer = Model["inference"]["layers"][number];

/** A layer and all layers inside it. */
function everyLayer(layer: AnyLayer): readonly AnyLayer[] {
  return [layer, ...layer.children.flatMap((child) => everyLayer(child.layer))];
}
