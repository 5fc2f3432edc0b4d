import type { Profile } from "../../layers/profile.ts";
import type { GraphSpec } from "../../model/graph-spec.ts";
import type { Refusal } from "./repairs/carry-over.ts";
import { losersThatMatter, masksReach } from "./repairs/explicit-masks.ts";
import { isRecurrent, makesMask } from "./repairs/keras3-repairs.ts";
import { everyLayer, type WriteLayer } from "./write-tree.ts";

/** Activations that tf-keras has. */
const ACTIVATIONS = new Set(
  "elu exponential gelu hard_sigmoid linear mish relu selu sigmoid silu softmax softplus softsign swish tanh".split(
    " ",
  ),
);
/** Layers of Keras 1 and of Keras 3 that tf-keras does not have. */
const LAYERS = new Set(
  (
    "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D " +
    "AdaptiveMaxPooling3D AugMix CutMix GroupQueryAttention GroupedQueryAttention Highway MaxoutDense MelSpectrogram MixUp " +
    "ParametricSoftplus PeepholeLSTMCell RandAugment RMSNormalization SpectralNormalization SReLU STFTSpectrogram"
  ).split(" "),
);
/** Preprocessing whose settings have other words there. */
const PREPROCESSING = /^(CenterCrop|Discretization|IntegerLookup|Resizing|StringLookup|TextVectorization)$|^Random/;
const SCOPE = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;

/**
 * Refuses what tf-keras cannot load from a legacy file, or would load as something else.
 *
 * @param era - Whose rules the model has.
 */
export function refuseForKeras2(root: WriteLayer, era: Profile["era"], refuse: Refusal): void {
  const masked = [...everyLayer(root)].some(({ className, config }) => makesMask(className, config));
  for (const layer of everyLayer(root)) {
    const { className, config, name } = layer;
    if (masked) refuseMasks(layer, era, refuse);
    if (className === "Bidirectional" && new Set(layer.children.map((child) => weightCount(child.layer))).size > 1) {
      refuse(layer, "tf-keras halves the list of its weights, and its two layers have not as many");
    }
    for (const key of ["activation", "recurrentActivation"]) {
      const value = config[key];
      if (value === undefined || value === null) continue;
      if (typeof value !== "string") refuse(layer, `its ${key} is an object, which tf-keras has no activation for`);
      else if (!ACTIVATIONS.has(value)) refuse(layer, `tf-keras has no activation ${value}`);
    }
    if (LAYERS.has(className)) refuse(layer, "tf-keras has no such layer");
    if (PREPROCESSING.test(className)) refuse(layer, "the preprocessing layers of tf-keras have other settings");
    if (!SCOPE.test(name)) refuse(layer, `TensorFlow takes no name such as ${JSON.stringify(name)}`);
    if (config["rmsScaling"] === true) refuse(layer, "tf-keras has no rms_scaling");
    if (className === "GroupNormalization" && config["groups"] === -1) {
      refuse(layer, "tf-keras cannot use groups of one channel");
    }
    if (className === "BatchNormalization" && (config["mode"] === 1 || config["mode"] === 2)) {
      refuse(layer, `mode ${config["mode"]} of Keras 1 normalises by each batch's own statistics`);
    }
    if (className === "Dot" && config["keras1Cos"] === true) {
      refuse(layer, "Keras 1's cosine keeps an axis of one that Dot does not have");
    }
    const inner = layer.children[0]?.layer;
    if (className === "Bidirectional" && inner?.config["stateful"] === true) {
      refuse(layer, "tf-keras cannot be told its batch size");
    }
    if (layer.graph) refuseStates(layer, refuse);
    if (layer.graph && era === "keras3") {
      refuseMaskedQueries(layer, layer.graph, refuse);
      for (const lost of losersThatMatter(layer.graph)) {
        const child = layer.children.find((other) => other.layer.name === lost)!;
        refuse(child.layer, "its input's mask goes on behind it, and is lost there in tf-keras");
      }
    }
  }
}

/** Arrays of a layer and of those inside it. */
function weightCount(layer: WriteLayer): number {
  return [...everyLayer(layer)].reduce((sum, { weights }) => sum + weights.length, 0);
}

/** Masks in wrappers, where tf-keras has its own way. */
function refuseMasks(layer: WriteLayer, era: Profile["era"], refuse: Refusal): void {
  const { className, children } = layer;
  const inner = children[0]?.layer;
  if (!inner) return;
  const isZeroed = inner.config["zeroOutputForMask"] === true && inner.config["returnSequences"] !== true;
  if (className === "Bidirectional" && isZeroed) {
    refuse(layer, "its last output is zero where the last step is masked, and tf-keras repeats the output before");
  }
  if (className === "TimeDistributed" && era === "keras3" && isRecurrent(inner)) {
    refuse(layer, "Keras 3 hands no mask on to a recurrent layer inside TimeDistributed, and tf-keras does");
  }
}

function refuseMaskedQueries({ children }: WriteLayer, graph: GraphSpec, refuse: Refusal): void {
  const isMasked = masksReach(graph);
  for (const call of graph.calls) {
    const layer = children.find((child) => child.layer.name === call.layer)?.layer;
    if (layer?.className === "MultiHeadAttention" && isMasked(call)) {
      refuse(layer, "the mask of its query counts otherwise in tf-keras");
    }
  }
}

/** States of stacked cells, and states that are constants, have no form that tf-keras reads. */
function refuseStates(model: WriteLayer, refuse: Refusal): void {
  const layers = new Map(model.children.map((child) => [child.layer.name, child.layer]));
  for (const call of model.graph!.calls) {
    const layer = layers.get(call.layer);
    const states = call.kwargs["initialState"];
    if (!layer || !states) continue;
    if (layer.children[0]?.layer.className === "StackedRNNCells") {
      refuse(layer, "tf-keras takes the states of stacked cells in nested lists that a legacy file does not keep");
    }
    if (layer.config["stateful"] === true) refuse(layer, "tf-keras ignores the initial states of a stateful layer");
    if ("value" in states || ("list" in states && states.list.some((item) => "value" in item))) {
      refuse(layer, "initial states that are constants have no form that tf-keras reads");
    }
  }
}
