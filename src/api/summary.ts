import type { Layer } from "../layers/layer.ts";
import { allLayers } from "../model/layer-tree.ts";
import type { InferenceModel } from "../model/model.ts";
import { formatShape } from "../tensor.ts";

/** Numbers in a layer and the layers inside it. */
export function countParameters(layer: Layer): number {
  return allLayers(layer).reduce(
    (sum, inner) => sum + inner.weights.reduce((n, weight) => n + weight.data.length, 0),
    0,
  );
}

/** What a summary says of one layer. */
export interface LayerRow {
  readonly name: string;
  readonly className: string;
  readonly parameters: number;
}

/** One row per layer of the model, in the file's order. */
export function layerRows(model: InferenceModel): readonly LayerRow[] {
  return model.layers.map((layer) => ({
    name: layer.name,
    className: layer.className,
    parameters: countParameters(layer),
  }));
}

/** A table of layers and parameters, in the way of Keras' `summary()`. */
export function summaryText(model: InferenceModel): string {
  const rows = layerRows(model).map((row) => [
    `${row.name} (${row.className})`,
    row.parameters.toLocaleString("en-US"),
  ]);
  const cells = [["Layer", "Parameters"], ...rows];
  const width = Math.max(...cells.map(([name]) => name!.length));
  const lines = cells.map(([name, count]) => `${name!.padEnd(width)}  ${count!.padStart(12)}`);
  const shapes = model.outputs?.map((output) => formatShape(output.shape)).join(", ") ?? "known at the first call";
  const inputs = model.inputs.map(
    (input) => `${input.name} ${input.shape ? formatShape(input.shape) : "[any]"} ${input.dtype}`,
  );
  return [
    `Model "${model.root.graph.name}" (${model.root.graph.className})`,
    ...lines,
    `Inputs: ${inputs.join(", ")}`,
    `Outputs: ${shapes}`,
    `Total parameters: ${countParameters(model.root).toLocaleString("en-US")}`,
  ].join("\n");
}
