import type { Profile } from "../../layers/profile.ts";
import { containerOrder } from "./container-order.ts";
import { rewriteOperations } from "./other-words.ts";
import { carryOver, KERAS3_RULES, type Refusal } from "./repairs/carry-over.ts";
import { isChannelsFirst, moveChannelsLast } from "./repairs/channels-last.ts";
import { endMasks } from "./repairs/end-masks.ts";
import {
  losersThatMatter,
  maskedLayers,
  mergesOfOneMask,
  mergesThatMatter,
  wireMasks,
} from "./repairs/explicit-masks.ts";
import { keepInitialOutputs } from "./repairs/first-masked.ts";
import { rewriteGoneLayers } from "./repairs/gone-layers.ts";
import { inlineModels } from "./repairs/inline-models.ts";
import { makesMask, repairForKeras3 } from "./repairs/keras3-repairs.ts";
import { lowerMasks } from "./repairs/lower-masks.ts";
import { splitBidirectional } from "./repairs/split-bidirectional.ts";
import { isStack, splitStacks } from "./repairs/stacked-cells.ts";
import { padAsTheano } from "./repairs/theano-padding.ts";
import { isTimeMajor, transposeTimeMajor } from "./repairs/time-major.ts";
import { everyLayer, isChain, type WriteLayer } from "./write-tree.ts";

/** Rewrites a model's copy so that Keras 3 loads it and computes the numbers of the model's own Keras. */
export function fitKeras3(tree: WriteLayer, from: Profile, refuse: Refusal, notes: string[]): void {
  const masked = [...everyLayer(tree)].some(({ className, config }) => makesMask(className, config));
  const lowered = masked && from.era !== "tfjs" && needsOwnMasks(tree, from);
  const graphs = (change: (model: WriteLayer) => void) => {
    for (const layer of [...everyLayer(tree)]) if (layer.graph) change(layer);
  };
  if (lowered) {
    graphs(inlineModels);
    graphs((model) => lowerMasks(model, from, refuse));
    notes.push("Masks are computed by operations of their own, as Keras 3 would join or use them otherwise.");
  }
  // Where masks come along by themselves, only the target's Keras knows them.
  const free = lowered || !masked;
  if (free) graphs(transposeTimeMajor);
  forgetStates(tree, from);
  const repeats = lowered && !from.bidirectionalZeroesMasked;
  const parts = (layer: WriteLayer) => repeats || isUnequal(layer) || (lowered && zeroesLast(layer));
  graphs((model) => splitBidirectional(model, parts, from.bidirectionalZeroesMasked));
  const reversed = from.stackedStates === "reversed";
  const looped = from.firstMaskedOutput === "initialState";
  const wanted = ({ config }: WriteLayer) => free && (lowered || reversed || config["stateful"] === true);
  graphs((model) => splitStacks(model, { wanted, reversed, maskedIsLowest: looped }));
  if (lowered && looped) graphs((model) => keepInitialOutputs(model, refuse));
  if (lowered) graphs(endMasks);
  if (from.era !== "keras3" && free) graphs(moveChannelsLast);
  if (from.padding === "theano") graphs((model) => padAsTheano(model, from.averageCountsPadding));
  graphs((model) => rewriteGoneLayers(model, from, refuse, notes));
  graphs(rewriteOperations);
  carryOver(tree, from, KERAS3_RULES, refuse);
  if (!from.initialStateLosesMask && !lowered) wireMasks(tree, refuse);
  repairForKeras3(tree, refuse, notes);
  orderLayers(tree);
}

/** Lists layers as Keras 3 lists those of a model that it made: it counts weights by that order, not by the file's. */
function orderLayers(tree: WriteLayer): void {
  for (const { graph, children } of everyLayer(tree)) {
    if (!graph || isChain(graph)) continue;
    const places = new Map(containerOrder(graph).map((name, i) => [name, i]));
    (children as WriteLayer["children"][number][]).sort(
      (a, b) => places.get(a.layer.name)! - places.get(b.layer.name)!,
    );
  }
}

/** Bidirectional of Keras 2.3 starts from zeros at every call, as layers without kept states do. */
function forgetStates(tree: WriteLayer, from: Profile): void {
  if (!from.bidirectionalForgetsState) return;
  for (const layer of everyLayer(tree)) {
    if (layer.className !== "Bidirectional") continue;
    for (const { layer: direction } of layer.children) direction.config["stateful"] = false;
  }
}

/** True for a Bidirectional whose directions differ in size: Keras 3 takes the forward one's for both. */
function isUnequal(layer: WriteLayer): boolean {
  const [forward, backward] = layer.children.map((child) => child.layer.config["units"]);
  return forward !== backward;
}

/** Its last output is zero where the last step is masked; Keras 3 repeats the output before. */
function zeroesLast(layer: WriteLayer): boolean {
  const inner = layer.children[0]?.layer.config;
  return inner?.["zeroOutputForMask"] === true && inner["returnSequences"] !== true;
}

/** True if Keras 3 would join, keep or use a mask of this model in another way, so that all must be written down. */
function needsOwnMasks(tree: WriteLayer, from: Profile): boolean {
  const layers = [...everyLayer(tree)];
  const withStates = new Set(
    layers.flatMap(({ graph }) =>
      (graph?.calls ?? []).filter((call) => call.kwargs["initialState"]).map((c) => c.layer),
    ),
  );
  const harmless = new Set(layers.flatMap(({ graph }) => (graph ? [...mergesOfOneMask(graph)] : [])));
  const reached = new Set(layers.flatMap(({ graph }) => (graph ? [...maskedLayers(graph)] : [])));
  const losers = new Set(layers.flatMap(({ graph }) => (graph ? [...losersThatMatter(graph)] : [])));
  const matter = new Set(layers.flatMap(({ graph }) => (graph ? [...mergesThatMatter(graph)] : [])));
  return layers.some((layer) => {
    const { className, config, name } = layer;
    const inner = layer.children[0]?.layer;
    if (from.era !== "keras3" && losers.has(name)) return true;
    if (/^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate)$/.test(className)) {
      return matter.has(name) || (from.mergeMasks !== KERAS3_RULES.mergeMasks && !harmless.has(name));
    }
    if (className === "MultiHeadAttention") return from.era !== "keras3" || reached.has(name);
    if (className === "Bidirectional") {
      return (
        zeroesLast(layer) ||
        isUnequal(layer) ||
        (inner?.config["returnSequences"] === true && !from.bidirectionalZeroesMasked)
      );
    }
    if (className === "TimeDistributed") {
      return inner !== undefined && /^(LSTM|GRU|SimpleRNN|RNN|Bidirectional)$/.test(inner.className);
    }
    if (isTimeMajor(layer) || isChannelsFirst(layer)) return true;
    if (/^ConvLSTM/.test(className)) return from.padding === "theano";
    if (isStack(layer) && (config["stateful"] === true || from.stackedStates === "reversed")) return true;
    const starts = config["stateful"] === true || withStates.has(name);
    return starts && from.firstMaskedOutput !== "zeros" && /^(LSTM|GRU|SimpleRNN|RNN)$/.test(className);
  });
}
