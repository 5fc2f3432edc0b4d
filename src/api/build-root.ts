import { FormatError, RnnWasmError } from "../errors.ts";
import type { BuildContext, Layer, LayerSpec } from "../layers/layer.ts";
import type { Profile } from "../layers/profile.ts";
import { buildContext, type CustomObjects } from "../layers/registry.ts";
import { GraphLayer } from "../model/graph-layer.ts";
import type { GraphSpec } from "../model/graph-spec.ts";

/**
 * The layers of a graph, without weights.
 *
 * @param customObjects - All layers beyond the core's.
 * @param own - The user's among them: these are also found without the package's name before them.
 * @param known - Layers that are there already, of other models.
 */
export function buildRoot(
  graph: GraphSpec,
  profile: Profile,
  customObjects: CustomObjects,
  known?: ReadonlyMap<LayerSpec, Layer>,
  own?: CustomObjects,
): GraphLayer {
  const made = buildContext(profile, customObjects, (spec, inner) => new GraphLayer(spec, inner), own);
  const context: BuildContext = known ? { ...made, create: (spec) => known.get(spec) ?? made.create(spec) } : made;
  try {
    return new GraphLayer(
      { className: graph.className, name: graph.name, config: {}, trainable: true, graph },
      context,
    );
  } catch (error) {
    if (error instanceof RnnWasmError) throw error;
    throw new FormatError(`The model's architecture is damaged (${String(error)}).`, { cause: error });
  }
}
