import { UnsupportedLayerError } from "../../errors.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, cast, constant, matmul, reduce } from "../../plan/tensor-ops.ts";
import { positive, text } from "../config.ts";
import { Layer, type LayerCall } from "../layer.ts";
import { isTensorArgument } from "../operations/call.ts";
import { oneHot } from "../operations/one-hot.ts";
import { layerOf } from "../simple-layer.ts";

const MODES = ["int", "one_hot", "multi_hot", "count", "tf_idf", "binary"] as const;
export type OutputMode = (typeof MODES)[number];

/** A layer's output mode. */
export function outputMode(layer: Layer, fallback: OutputMode): OutputMode {
  const mode = text(layer, layer.config, "outputMode", fallback, MODES);
  for (const key of ["sparse", "ragged"]) {
    if (layer.config[key] === true) throw new UnsupportedLayerError(`${layer}: ${key} outputs are not supported.`);
  }
  return mode === "binary" ? "multi_hot" : mode;
}

/**
 * Whole numbers below `depth` as the mode says: themselves, a place for each, or one row for each list of them.
 *
 * @param weights - What each number counts for; 1 by default. tf_idf needs `idf`, one number a place.
 */
export function encode(p: Planner, x: Value, mode: OutputMode, depth: number, weights?: Value, idf?: Value): Value {
  if (mode === "int") return x;
  if (mode === "one_hot") {
    const last = x.shape.length > 1 && x.shape.at(-1) === 1 ? reshaped(x, x.shape.slice(0, -1)) : x;
    return cast(p, oneHot(p, last, depth), "float32");
  }
  const rows = x.shape.length === 1 ? reshaped(x, [x.shape[0]!, 1]) : x;
  const hot = oneHot(p, rows, depth);
  if (mode === "multi_hot") return cast(p, reduce(p, "any", hot, [-2]), "float32");
  const shares = cast(p, hot, "float32");
  if (weights) {
    const lead = rows.shape.slice(0, -1);
    const row = reshaped(cast(p, weights, "float32"), [...lead, 1, rows.shape.at(-1)!]);
    return reshaped(matmul(p, row, shares), [...lead, depth]);
  }
  const counts = reduce(p, "sum", shares, [-2]);
  return mode === "tf_idf" && idf ? binary(p, "multiply", counts, idf) : counts;
}

/** Categories by number to one place each. */
export class CategoryEncoding extends Layer {
  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const depth = positive(this, this.config, "numTokens");
    const mode = outputMode(this, "multi_hot");
    if (mode === "int") throw new UnsupportedLayerError(`${this}: the outputMode "int" does not exist here.`);
    const x = inputs[0]!;
    p.checkIndices({ indices: x.dtype === "bool" ? cast(p, x, "int32") : x, limit: depth, owner: String(this) });
    const named = call.kwargs?.["countWeights"];
    return [encode(p, x, mode, depth, isTensorArgument(named) ? named : inputs[1])];
  }
}

/** The number of the bin that a value falls into: how many boundaries are at most as large. */
export const Discretization = layerOf((p, x, layer) => {
  const { binBoundaries } = layer.config;
  if (!Array.isArray(binBoundaries) || !binBoundaries.every((n) => typeof n === "number")) {
    throw new UnsupportedLayerError(`${layer}: the config has no binBoundaries; adapt the layer before it is saved.`);
  }
  const count = binBoundaries.length;
  const bounds = constant(p, layer, "boundaries", binBoundaries as number[], [count]);
  const above = binary(p, "lessEqual", bounds, reshaped(cast(p, x, "float32"), [...x.shape, 1]));
  const bins = count === 0 ? reshaped(cast(p, x, "int32"), x.shape) : reduce(p, "sum", cast(p, above, "int32"), [-1]);
  return encode(p, bins, outputMode(layer, "int"), count + 1);
});

/** A layer that weighs words by how rare they are. */
export abstract class IdfLayer extends Layer {
  /** What the file holds beside the config, one number a place; it goes before the config's. */
  idf: readonly number[] | undefined;
}

/** The idf weights of a layer's config as a row of `depth`; missing ones in front are those of unknown tokens. */
export function idfRow(p: Planner, layer: IdfLayer, depth: number, unknown: number): Value {
  const given = layer.idf ?? layer.config["idfWeights"];
  const list = Array.isArray(given) ? given.map(Number) : [];
  if (list.length === 0) {
    throw new UnsupportedLayerError(`${layer}: tf_idf needs idfWeights, which the file does not have.`);
  }
  const known = depth - unknown;
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const full = list.length <= known ? [...new Array<number>(unknown).fill(mean), ...list] : list;
  const row = Array.from({ length: depth }, (_, i) => full[i] ?? 0);
  return constant(p, layer, `idf:${depth}`, row, [depth]);
}
