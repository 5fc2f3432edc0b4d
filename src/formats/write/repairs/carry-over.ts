import { UnsupportedLayerError } from "../../../errors.ts";
import type { Json } from "../../../layers/layer.ts";
import { KERAS3, type Profile } from "../../../layers/profile.ts";
import type { CallSpec, GraphSpec } from "../../../model/graph-spec.ts";
import { OLD_HARD_SIGMOID } from "../../keras/config/values.ts";
import { everyLayer, type WriteLayer } from "../write-tree.ts";
import { mergesOfOneMask } from "./explicit-masks.ts";
import { carryHardSigmoid } from "./hard-sigmoid.ts";

/** What a target's Keras computes, as far as writers must care. */
export type TargetRules = { readonly constants: boolean; readonly unequalBackwardLayers: boolean } & Pick<
  Profile,
  "hardSigmoid" | "initialStateLosesMask" | "mergeMasks" | "bidirectionalZeroesMasked" | "firstMaskedOutput" | "padding"
>;

/** The rules of Keras 3. */
export const KERAS3_RULES: TargetRules = { ...KERAS3, constants: false, unequalBackwardLayers: false };
/** The rules of tf.keras 2, and of Keras 2 but for Bidirectional's padded positions. */
export const KERAS2_RULES: TargetRules = {
  ...KERAS3,
  constants: true,
  unequalBackwardLayers: true,
  hardSigmoid: "hardSigmoid02",
  initialStateLosesMask: false,
  mergeMasks: "and",
};

/** The rules of Keras 1.2, whose backends differ. Constants and backward layers have no words there at all. */
export const KERAS1_RULES: Readonly<Record<Profile["padding"], TargetRules>> = {
  theano: { ...KERAS2_RULES, bidirectionalZeroesMasked: false, padding: "theano" },
  tensorflow: { ...KERAS2_RULES, bidirectionalZeroesMasked: false, firstMaskedOutput: "initialState" },
};

/** A difference that the target cannot express. */
export type Refusal = (layer: WriteLayer, what: string) => void;

const slope = (rules: Pick<Profile, "hardSigmoid">) => (rules.hardSigmoid === "hardSigmoid02" ? 0.2 : 1 / 6);

/**
 * Rewrites a model's copy so that the target's Keras computes the same numbers, as far as algebra allows.
 *
 * @param refuse - Called for what cannot be carried; throws, or (approximating) notes it.
 */
export function carryOver(root: WriteLayer, from: Profile, to: TargetRules, refuse: Refusal): void {
  const factor = from.hardSigmoid === to.hardSigmoid ? 1 : slope(from) / slope(to);
  const masked = [...everyLayer(root)].some(
    ({ className, config }) => className === "Masking" || config["maskZero"] === true,
  );
  const withStates = new Set(
    [...everyLayer(root)].flatMap((layer) =>
      (layer.graph?.calls ?? []).filter((call) => call.kwargs["initialState"]).map((call) => call.layer),
    ),
  );
  const harmless = new Set(
    [...everyLayer(root)].flatMap((layer) => {
      const names = layer.graph ? mergesOfOneMask(layer.graph) : new Set<string>();
      return layer.children.flatMap(({ layer: inner }) =>
        MERGES.has(inner.className) && names.has(inner.name) ? [inner.name] : [],
      );
    }),
  );
  for (const layer of everyLayer(root)) {
    if (factor !== 1) carryHardSigmoids(layer, factor, refuse);
    if (to.hardSigmoid === "hardSigmoid02") nameOldHardSigmoid(layer);
    // Keras' own cells see no constants: they can go.
    if (!to.constants && layer.graph) layer.graph = withoutConstants(layer.graph);
    if (!to.unequalBackwardLayers && layer.className === "Bidirectional" && unequal(layer)) {
      refuse(layer, "its backward layer has another size than the forward one, whose size Keras 3 takes for both");
    }
    if (layer.config["timeMajor"] === true) refuse(layer, "time_major is not known to the target");
    if (
      layer.className === "RNN" &&
      from.stackedStates === "reversed" &&
      layer.children[0]!.layer.children.length > 1
    ) {
      refuse(layer, "the states of stacked cells come in reversed order in Keras 2.0.9 to 2.2.2");
    }
    if (layer.className === "Bidirectional" && from.bidirectionalForgetsState) {
      // It starts from zeros at every call, as a layer without kept states does.
      for (const { layer: direction } of layer.children) direction.config["stateful"] = false;
    }
    if (masked && !harmless.has(layer.name)) checkMasks(layer, from, to, refuse, withStates.has(layer.name));
    if (layer.className === "BatchNormalization" && from.batchNormDeviation) {
      squareDeviations(layer);
    }
    if (from.padding !== to.padding) checkPadding(layer, refuse);
  }
}

/** Keras 1.0.5 and before divide by a stored deviation s plus epsilon e, others by √(variance + e): variance = (s + e)² − e. */
function squareDeviations(layer: WriteLayer): void {
  const epsilon = Number(layer.config["epsilon"]);
  layer.weights = layer.weights.map((weight) =>
    weight.name === "movingVariance"
      ? { ...weight, data: weight.data.map((s) => (s + epsilon) ** 2 - epsilon) }
      : weight,
  );
}

/** Keras 2 calls it by its plain name. */
function nameOldHardSigmoid({ config }: WriteLayer): void {
  for (const key of ["activation", "recurrentActivation"]) {
    if (config[key] === OLD_HARD_SIGMOID) config[key] = "hard_sigmoid";
  }
}

function withoutConstants(graph: GraphSpec): GraphSpec {
  const calls = graph.calls.map((call): CallSpec => {
    const { constants: _, ...kwargs } = call.kwargs;
    return { ...call, kwargs };
  });
  return { ...graph, calls };
}

function unequal(layer: WriteLayer): boolean {
  const [forward, backward] = layer.children.map((child) => child.layer.config["units"]);
  return forward !== backward;
}

function carryHardSigmoids(layer: WriteLayer, factor: number, refuse: Refusal): void {
  try {
    // Inner layers of a graph are rewired below; alone in a wrapper an Activation has no place for a second layer.
    const rescaled = layer.children
      .filter(({ layer: inner }) => isBareHardSigmoid(inner))
      .map(({ layer: inner }) => inner.name);
    if (layer.graph) {
      for (const name of rescaled) insertRescaling(layer, name, factor);
      return;
    }
    if (rescaled.length > 0) refuse(layer, "hard_sigmoid has another slope in the target's Keras");
    if (!isBareHardSigmoid(layer)) carryHardSigmoid(layer, factor);
  } catch (error) {
    if (!(error instanceof UnsupportedLayerError)) throw error;
    refuse(layer, error.message);
  }
}

function isBareHardSigmoid({ className, config }: WriteLayer): boolean {
  return className === "Activation" && config["activation"] === "hard_sigmoid";
}

/** Puts Rescaling(factor) before every call of a layer. */
function insertRescaling(model: WriteLayer, name: string, factor: number): void {
  const graph = model.graph!;
  const scaleName = `${name}_slope`;
  const rescaling: WriteLayer = {
    className: "Rescaling",
    name: scaleName,
    config: { scale: factor, offset: 0 },
    trainable: true,
    weights: [],
    children: [],
  };
  const at = model.children.findIndex((child) => child.layer.name === name);
  (model.children as { path: string; layer: WriteLayer }[]).splice(at, 0, { path: scaleName, layer: rescaling });
  let count = 0;
  const calls = graph.calls.flatMap((call): CallSpec[] => {
    if (call.layer !== name) return [call];
    const ref = { layer: scaleName, call: count++, tensor: 0 };
    return [
      { layer: scaleName, args: call.args, kwargs: {} },
      { ...call, args: [{ ref }] },
    ];
  });
  const spec = {
    className: "Rescaling",
    name: scaleName,
    config: rescaling.config as { [key: string]: Json },
    trainable: true,
  };
  const layers = [...graph.layers];
  layers.splice(
    layers.findIndex((layer) => layer.name === name),
    0,
    spec,
  );
  model.graph = { ...graph, layers, calls } satisfies GraphSpec;
}

const MERGES = new Set(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]);

function checkMasks(layer: WriteLayer, from: Profile, to: TargetRules, refuse: Refusal, startsAnywhere: boolean): void {
  const { className, config } = layer;
  if (MERGES.has(className) && from.mergeMasks !== to.mergeMasks) {
    refuse(
      layer,
      `the masks of its inputs are joined by ${from.mergeMasks} here and by ${to.mergeMasks} in the target`,
    );
  }
  if (className === "MultiHeadAttention" && from.era !== "keras3") {
    refuse(layer, "the masks of its inputs count otherwise in Keras 3");
  }
  if (className === "Bidirectional" && from.bidirectionalZeroesMasked !== to.bidirectionalZeroesMasked) {
    const inner = layer.children[0]?.layer.config;
    if (inner?.["returnSequences"] === true) {
      const words = from.bidirectionalZeroesMasked
        ? ["are zero", "repeat the last output"]
        : ["repeat the last output", "are zero"];
      refuse(layer, `padded positions of its sequence ${words[0]} here and ${words[1]} in the target`);
    }
  }
  if (
    (config["stateful"] === true || startsAnywhere) &&
    from.firstMaskedOutput !== to.firstMaskedOutput &&
    config["returnSequences"] === true
  ) {
    const words = { initialState: "the initial state", zeros: "zeros" };
    refuse(
      layer,
      `masked first steps put out ${words[from.firstMaskedOutput]} here and ${words[to.firstMaskedOutput]} in the target`,
    );
  }
}

function checkPadding(layer: WriteLayer, refuse: Refusal): void {
  const { className, config } = layer;
  if (config["padding"] === "full") refuse(layer, "Theano alone pads as its border_mode full says");
  // A ConvLSTM's recurrent convolution is always padded.
  if (config["padding"] !== "same" && !className.startsWith("ConvLSTM")) return;
  const numbers = (key: string): number[] =>
    [config[key] ?? 1].flat().filter((n): n is number => typeof n === "number");
  const size = className.includes("Pooling") ? numbers("poolSize") : numbers("kernelSize");
  const strides = className.includes("Pooling") ? numbers("strides").concat(numbers("poolSize")) : numbers("strides");
  if (config["padding"] !== "same" && size.every((n) => n % 2 === 1)) return;
  if (size.some((n) => n % 2 === 0) || (strides.some((n) => n > 1) && size.some((n) => n > 1))) {
    refuse(layer, "Theano and TensorFlow pad even sizes and strides differently, and the target is of the other kind");
  }
}
