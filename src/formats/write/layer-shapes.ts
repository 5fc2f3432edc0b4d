import { RnnWasmError } from "../../errors.ts";
import type { Layer } from "../../layers/layer.ts";
import { GraphLayer } from "../../model/graph-layer.ts";
import { inputSpecs } from "../../model/inputs.ts";
import { allLayers } from "../../model/layer-tree.ts";
import { openOutputs } from "../../model/open-shapes.ts";
import type { Value } from "../../plan/buffer.ts";
import type { OpenShape } from "../../tensor.ts";

/** The shapes around a layer's last call; null where a size follows the batch or an open axis. */
export interface LayerShapes {
  readonly inputs: readonly OpenShape[];
  readonly outputs: readonly OpenShape[];
}

/** What a plan without numbers tells of every layer that graphs call; empty where the model does not say its inputs. */
export function layerShapes(root: GraphLayer): ReadonlyMap<Layer, LayerShapes> {
  const seen = new Map<Layer, (readonly [readonly Value[], readonly Value[]])[]>();
  const graphs = allLayers(root).filter((layer) => layer instanceof GraphLayer);
  for (const graph of graphs) {
    graph.onCall = (name, outputs, inputs) => {
      const layer = graph.layer(name)!;
      seen.set(layer, [...(seen.get(layer) ?? []).slice(-31), [inputs, outputs]]);
    };
  }
  try {
    openOutputs(root, inputSpecs(root.graph));
  } catch (error) {
    // Models that are never called whole, such as those with states for inputs, may not fit a made-up input.
    if (!(error instanceof RnnWasmError)) throw error;
  } finally {
    for (const graph of graphs) graph.onCall = undefined;
  }
  return new Map(
    [...seen].map(([layer, plans]) => {
      const [first, last] = [plans[0]!, plans.at(-1)!];
      return [layer, { inputs: openShapes(first[0], last[0]), outputs: openShapes(first[1], last[1]) }];
    }),
  );
}

function openShapes(first: readonly Value[], last: readonly Value[]): readonly OpenShape[] {
  return last.map(({ shape }, i) => shape.map((n, axis) => (first[i]?.shape[axis] === n ? n : null)));
}
