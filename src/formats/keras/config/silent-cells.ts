import type { Json, LayerConfig, LayerSpec } from "../../../layers/layer.ts";
import type { GraphSpec } from "../../../model/graph-spec.ts";
import type { LayerArrays } from "../weights/legacy.ts";
import { type ConfigContext, note } from "./context.ts";

/**
 * Keras 2.0.9 to 2.1.2 saves nothing of RNN's cells but their names: their sizes, and whether they have biases, are taken
 * from the weights here. The rest is what it is by default.
 */
export function withSilentCells(graph: GraphSpec, weights: readonly LayerArrays[], context: ConfigContext): GraphSpec {
  const layers = graph.layers.map((layer): LayerSpec => {
    if (layer.className !== "RNN" || !cellsOf(layer.config["cell"]).some(isSilent)) return layer;
    const shapes = weights.find(({ name }) => name === layer.name)?.arrays.map((array) => array.shape) ?? [];
    let at = 0;
    const filled = (cell: LayerSpec): LayerSpec => {
      const units = shapes[at + 1]?.[0];
      if (!isSilent(cell) || units === undefined) return cell;
      const useBias = shapes[at + 2]?.length === 1;
      at += useBias ? 3 : 2;
      return { ...cell, config: { ...cell.config, units, useBias } };
    };
    const cell = layer.config["cell"] as unknown as LayerSpec;
    const inner: LayerSpec = cell.config["cells"]
      ? { ...cell, config: { ...cell.config, cells: cellsOf(layer.config["cell"]).map(filled) as unknown as Json } }
      : filled(cell);
    note(
      context,
      `The cells of RNN "${layer.name}" are not in the file: their sizes are those of the weights, their activations the usual ones.`,
    );
    return { ...layer, config: { ...layer.config, cell: inner as unknown as Json } as LayerConfig };
  });
  return { ...graph, layers };
}

/** The cell itself, or those that are stacked in it. */
function cellsOf(cell: Json | undefined): readonly LayerSpec[] {
  if (typeof cell !== "object" || cell === null || !("config" in cell)) return [];
  const spec = cell as unknown as LayerSpec;
  const { cells } = spec.config;
  return Array.isArray(cells) ? (cells as unknown as LayerSpec[]) : [spec];
}

function isSilent({ className, config }: LayerSpec): boolean {
  return /^(LSTM|GRU|SimpleRNN)Cell$/.test(className) && !("units" in config);
}
