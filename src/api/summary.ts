import type { Layer } from "../layers/layer.ts";
import { allLayers } from "../model/layer-tree.ts";
import type { InferenceModel } from "../model/model.ts";
import { type OutputSpec, openLayerOutputs } from "../model/open-shapes.ts";
import { formatShape, type OpenShape, sizeOf } from "../tensor.ts";

/** Numbers in a layer and the layers inside it. */
export function countParameters(layer: Layer): number {
  return allLayers(layer).reduce(
    (sum, inner) => sum + inner.weights.reduce((n, weight) => n + sizeOf(weight.shape), 0),
    0,
  );
}

/** What a summary says of one layer. */
export interface LayerRow {
  readonly name: string;
  readonly className: string;
  /** One per output; undefined where the file does not tell its input's shape. */
  readonly outputShapes: readonly OpenShape[] | undefined;
  readonly parameters: number;
}

/** One row per layer of the model, in the file's order. */
export function layerRows(model: InferenceModel): readonly LayerRow[] {
  const outputs = openLayerOutputs(model.root, model.inputs);
  return model.layers.map((layer) => ({
    name: layer.name,
    className: layer.className,
    outputShapes: shapesOf(layer, outputs, model),
    parameters: countParameters(layer),
  }));
}

/** Input layers are never called: their shape is the input's. */
function shapesOf(
  layer: Layer,
  outputs: ReadonlyMap<string, readonly OutputSpec[]>,
  model: InferenceModel,
): readonly OpenShape[] | undefined {
  const called = outputs.get(layer.name)?.map((output) => output.shape);
  const input = model.inputs.find((candidate) => candidate.name === layer.name)?.shape;
  return called ?? (input && [input]);
}

/** A table of layers, output shapes and parameters, in the way of Keras' `summary()`. */
export function summaryText(model: InferenceModel): string {
  const rows = layerRows(model).map((row) => [
    `${row.name} (${row.className})`,
    row.outputShapes?.map(formatShape).join(", ") ?? "[any]",
    row.parameters.toLocaleString("en-US"),
  ]);
  const cells = [["Layer", "Output shape", "Parameters"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map(([name, shape, count]) =>
    [name!.padEnd(widths[0]!), shape!.padEnd(widths[1]!), count!.padStart(widths[2]!)].join("  "),
  );
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
