import type { ArgSpec, TensorRef } from "../../model/graph-spec.ts";
import { GraphEdit, type NumberedCall } from "./repairs/graph-edit.ts";
import type { WriteLayer } from "./write-tree.ts";

/** Layers and operations that Keras 3 has under the same name with fewer options: what is missing follows or precedes. */
export function rewriteOperations(model: WriteLayer): void {
  const edit = new GraphEdit(model);
  for (const layer of [...edit.layers]) {
    const rewrite = rewriteOf(layer);
    if (!rewrite) continue;
    edit.replaceCalls(layer.name, (call) => new Map([[0, rewrite(edit, layer, call)]]));
    if (layer.className === "op:Matmul") edit.remove(layer.name);
  }
  edit.commit();
}

type Rewrite = (edit: GraphEdit, layer: WriteLayer, call: NumberedCall) => TensorRef;

function rewriteOf({ className, config }: WriteLayer): Rewrite | undefined {
  if (className === "op:Matmul" && Object.keys(config).length > 0) return matmul;
  if (className === "Dot" && config["keras1Cos"] === true) return cosine;
  if (className === "TextVectorization" && hasOwnUnknown(config)) return tfIdf(config["idfWeights"] as number[]);
  return undefined;
}

/** Keras 3's matmul does not transpose. */
function matmul(edit: GraphEdit, layer: WriteLayer, call: NumberedCall): TensorRef {
  const { transposeA, transposeB } = layer.config;
  const turned = (arg: ArgSpec, turn: boolean) => (turn ? edit.op("Swapaxes", [arg], { axis1: -2, axis2: -1 }) : arg);
  const [a, b] = [...call.args, ...Object.values(call.kwargs)];
  return edit.op("Matmul", [turned(a!, transposeA === true), turned(b!, transposeB === true)]);
}

/** Keras 1's cosine keeps an axis of one. */
function cosine(edit: GraphEdit, layer: WriteLayer, call: NumberedCall): TensorRef {
  const y = edit.call(layer.name, call.args, call.kwargs);
  const config = { targetShape: [1, 1] };
  return edit.apply(`${layer.name}_kept`, { className: "Reshape", config }, y);
}

/** Keras 3 gives unknown tokens the mean of all weights; where a file says otherwise, counts are weighed by themselves. */
function tfIdf(idf: readonly number[]): Rewrite {
  return (edit, layer, call) => {
    const { idfWeights: _, ...config } = layer.config;
    layer.config = { ...config, outputMode: "count" };
    const width = layer.shapes?.outputs[0]?.at(-1) ?? idf.length;
    const weights = Array.from({ length: width }, (_, i) => idf[i] ?? 0);
    return edit.op("Multiply", [edit.call(layer.name, call.args, call.kwargs), { value: weights }]);
  };
}

/** True if the weight of unknown tokens, in front of learnt ones, is not the mean of the others. */
function hasOwnUnknown(config: WriteLayer["config"]): boolean {
  const { idfWeights: idf, vocabulary } = config;
  if (!Array.isArray(idf) || !Array.isArray(vocabulary) || idf.length !== vocabulary.length + 1) return false;
  const known = (idf as number[]).slice(1);
  const mean = Math.fround(known.reduce((sum, value) => sum + value, 0) / known.length);
  return Math.abs(mean - (idf as number[])[0]!) > 1e-6;
}
