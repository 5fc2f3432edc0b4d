import type { Profile } from "../../../layers/profile.ts";
import { orderCalls } from "../../../model/call-order.ts";
import type { ArgSpec, CallSpec, TensorRef } from "../../../model/graph-spec.ts";
import { handsMaskOn } from "../../keras/config/mask-ops.ts";
import type { WriteLayer } from "../write-tree.ts";
import type { Refusal } from "./carry-over.ts";
import { GraphEdit, keyOf, type NumberedCall, tensorsOf } from "./graph-edit.ts";
import { type Mask, MaskNodes } from "./mask-nodes.ts";
import { isRecurrent, usesMasks } from "./mask-users.ts";

/** What a call does with masks: those of its outputs, by number, and what it is given. */
interface Effect {
  readonly outputs: readonly (Mask | undefined)[];
  /** New keyword arguments; undefined keeps the call. */
  readonly kwargs?: CallSpec["kwargs"];
}

const MERGES = /^(Add|Subtract|Multiply|Average|Maximum|Minimum)$/;

/**
 * Writes a model's masks down: each is computed by operation nodes from where it starts, joined as the model's own Keras
 * joins masks, and handed to every layer that uses one as an argument. Nothing is left for the target's Keras to derive:
 * embeddings say no `mask_zero`, Masking layers only zero their steps. Nested models must have been put inline.
 */
export function lowerMasks(model: WriteLayer, profile: Profile, refuse: Refusal): void {
  const edit = new GraphEdit(model);
  const lowering = new MaskLowering(edit, profile, refuse);
  for (const call of orderCalls(model.graph!)) lowering.visit(call);
  lowering.finish();
  edit.commit();
}

class MaskLowering {
  readonly #edit: GraphEdit;
  readonly #profile: Profile;
  readonly #refuse: Refusal;
  readonly #nodes: MaskNodes;
  readonly #masks = new Map<string, Mask>();

  constructor(edit: GraphEdit, profile: Profile, refuse: Refusal) {
    this.#edit = edit;
    this.#profile = profile;
    this.#refuse = refuse;
    this.#nodes = new MaskNodes(edit, profile);
  }

  visit(call: NumberedCall): void {
    const layer = this.#edit.layer(call.layer);
    const { outputs, kwargs } = this.#effect(layer, call);
    outputs.forEach((mask, tensor) => {
      if (mask) this.#masks.set(keyOf({ layer: call.layer, call: call.index, tensor }), mask);
    });
    if (kwargs && this.#edit.has(call)) this.#edit.rewrite(call, { kwargs });
  }

  /** Takes from the layers that masks start at what starts them. */
  finish(): void {
    for (const layer of [...this.#edit.layers]) {
      // A TimeDistributed whose every call was taken apart.
      if (!this.#edit.calls.some((call) => call.layer === layer.name)) this.#edit.remove(layer.name);
      const inner = layer.className === "TimeDistributed" ? layer.children[0]!.layer : layer;
      if (inner.className === "Embedding") inner.config["maskZero"] = false;
      if (layer.className !== "Masking") continue;
      this.#edit.replaceCalls(layer.name, (call) => {
        const x = tensorsOf(call.args)[0]!;
        const mask = this.#masks.get(keyOf({ layer: layer.name, call: call.index, tensor: 0 }))!;
        const ones = this.#edit.op("Cast", [mask.ref()], { dtype: "float32" });
        const column = this.#edit.op("ExpandDims", [ones], { axis: -1 });
        return new Map([[0, this.#edit.op("Multiply", [x, column])]]);
      });
      this.#edit.remove(layer.name);
    }
  }

  #effect(layer: WriteLayer, call: NumberedCall): Effect {
    const { className } = layer;
    const inputs = tensorsOf(call.args);
    const masks = inputs.map((ref) => this.#masks.get(keyOf(ref)));
    const first = masks[0];
    if (className === "Embedding" || className === "Masking") {
      return { outputs: [this.#nodes.started(layer, inputs[0]!)] };
    }
    if (isRecurrent(className)) return this.#recurrent(layer, call, first);
    if (MERGES.test(className)) {
      const joined = this.#nodes.joined(masks);
      if (className.startsWith("M") && this.#profile.mergeMasks === "or" && masks.some((mask) => mask)) {
        this.#mergeMasked(layer, call, masks, joined);
      }
      return { outputs: [joined] };
    }
    if (className === "Concatenate") return { outputs: [this.#concatenated(layer, inputs, masks)] };
    if (className === "MultiHeadAttention") return this.#multiHead(layer, call, masks);
    if (/^(Additive)?Attention$/.test(className)) return this.#attention(call, masks);
    if (className === "GlobalAveragePooling1D") {
      const mask = this.#given(call) ?? first;
      return { outputs: [], ...(mask && { kwargs: this.#with(call, mask) }) };
    }
    if (className === "TimeDistributed") return this.#timeDistributed(layer, call, first);
    if (className === "Softmax" && first && first.rank === layer.shapes?.inputs[0]?.length) {
      return { outputs: [first], kwargs: this.#with(call, first) };
    }
    return { outputs: handsMaskOn(className, this.#profile.era === "keras3") ? [first] : [] };
  }

  /** A mask that the call is given as an argument. */
  #given(call: NumberedCall): Mask | undefined {
    const { mask } = call.kwargs;
    const [ref] = mask ? tensorsOf([mask]) : [];
    return ref && { rank: 2, ref: () => ref };
  }

  #with(call: NumberedCall, mask: Mask | undefined): CallSpec["kwargs"] {
    const { mask: _, ...rest } = call.kwargs;
    return mask ? { ...rest, mask: { ref: mask.ref() } } : rest;
  }

  #recurrent(layer: WriteLayer, call: NumberedCall, own: Mask | undefined): Effect {
    const { initialStateLosesMask, era, recurrentPassesMask } = this.#profile;
    const hasStates = call.kwargs["initialState"] !== undefined || tensorsOf(call.args).length > 1;
    const mask = this.#given(call) ?? (initialStateLosesMask && hasStates ? undefined : own);
    const { config } = layer.className === "Bidirectional" ? layer.children[0]!.layer : layer;
    const passed =
      config["returnSequences"] === true && recurrentPassesMask ? (era === "keras3" ? own : mask) : undefined;
    const pair = layer.className === "Bidirectional" && layer.config["mergeMode"] === null;
    return { outputs: pair ? [passed, passed] : [passed], kwargs: this.#with(call, mask) };
  }

  /**
   * What Keras 3.4 and later do with masked steps in products, maxima and minima, and no other Keras does: they count as
   * ones, or not at all, and a product of nothing but masked steps is zero.
   */
  #mergeMasked(
    layer: WriteLayer,
    { index }: NumberedCall,
    masks: readonly (Mask | undefined)[],
    joined: Mask | undefined,
  ): void {
    const edit = this.#edit;
    const rank = layer.shapes?.outputs[0]?.length ?? 3;
    const spread = (mask: Mask): TensorRef => {
      let ref = mask.ref();
      for (let axis = mask.rank; axis < rank; axis++) ref = edit.op("ExpandDims", [ref], { axis: -1 });
      return ref;
    };
    edit.replaceCalls(layer.name, (call) => {
      if (call.index !== index) return undefined;
      const inputs = tensorsOf(call.args);
      if (layer.className === "Multiply") {
        const parts = inputs.map((x, i) => (masks[i] ? edit.op("Where", [spread(masks[i]), x, 1]) : x));
        const product = parts.reduce((a, b) => edit.op("Multiply", [a, b]));
        return new Map([[0, joined ? edit.op("Where", [spread(joined), product, 0]) : product]]);
      }
      let [whole, mask] = [inputs[0]!, masks[0]];
      for (let i = 1; i < inputs.length; i++) {
        const [x, other] = [inputs[i]!, masks[i]];
        const own = other ? edit.op("Where", [spread(other), x, whole]) : x;
        const rest = mask ? edit.op("Where", [spread(mask), whole, own]) : whole;
        whole = edit.op(layer.className, [rest, own]);
        mask = mask && other && this.#nodes.joined([mask, other]);
      }
      return new Map([[0, whole]]);
    });
  }

  #concatenated(
    layer: WriteLayer,
    inputs: readonly TensorRef[],
    masks: readonly (Mask | undefined)[],
  ): Mask | undefined {
    const axis = Number(layer.config["axis"] ?? -1);
    const rank = layer.shapes?.outputs[0]?.length ?? 3;
    if ((axis < 0 ? axis + rank : axis) === rank - 1) return this.#nodes.joined(masks);
    const { mergeMasks } = this.#profile;
    const present = masks.filter((mask) => mask !== undefined);
    if (mergeMasks === "lost" || present.length === 0) return undefined;
    if (mergeMasks === "or" && present.length < masks.length) return undefined;
    if (axis < 0 || present.some((mask) => mask.rank !== 2) || axis > 1) {
      this.#refuse(layer, "its masks are put side by side along other axes than that of time");
      return undefined;
    }
    return this.#nodes.sideBySide(inputs, masks, axis);
  }

  /** What a call says of its inputs' masks: a list replaces those that come along. */
  #masksOf(call: NumberedCall, masks: readonly (Mask | undefined)[]): readonly (Mask | undefined)[] {
    const { mask } = call.kwargs;
    if (mask && "list" in mask) {
      return mask.list.map((item) => ("ref" in item ? { rank: 2, ref: () => item.ref } : undefined));
    }
    return this.#profile.mergeMasks === "lost" ? [] : masks;
  }

  #attention(call: NumberedCall, masks: readonly (Mask | undefined)[]): Effect {
    const [query, value] = this.#masksOf(call, masks);
    const { mask: _, ...rest } = call.kwargs;
    const item = (mask: Mask | undefined): ArgSpec => (mask ? { ref: mask.ref() } : { value: null });
    return {
      outputs: [masks[0]],
      kwargs: query || value ? { ...rest, mask: { list: [item(query), item(value)] } } : rest,
    };
  }

  #multiHead(layer: WriteLayer, call: NumberedCall, masks: readonly (Mask | undefined)[]): Effect {
    const own = this.#masksOf(call, masks);
    const { mask: _, queryMask, valueMask, keyMask, attentionMask, ...rest } = call.kwargs;
    const named = (arg: ArgSpec | undefined, i: number): TensorRef | undefined => {
      if (arg && "ref" in arg) return arg.ref;
      return own[i]?.rank === 2 ? own[i].ref() : undefined;
    };
    const hasKey = tensorsOf(call.args).length > 2;
    const sides = [
      [named(queryMask, 0), 2],
      [named(valueMask, 1), 1],
      [hasKey ? named(keyMask, 2) : undefined, 1],
    ] as const;
    const parts = sides.flatMap(([ref, axis]) => (ref ? [this.#edit.op("ExpandDims", [ref], { axis })] : []));
    if (attentionMask && "ref" in attentionMask) {
      parts.push(this.#edit.op("NotEqual", [attentionMask, 0]));
    }
    const whole = parts.length > 0 ? parts.reduce((a, b) => this.#edit.op("LogicalAnd", [a, b])) : undefined;
    if (!whole) return { outputs: [masks[0]], kwargs: rest };
    const kwargs = { ...rest, attentionMask: { ref: whole } };
    if (this.#sharesNothing(layer, call)) this.#zeroShares(layer, call, kwargs, whole);
    return { outputs: [masks[0]], kwargs };
  }

  /** Today's Keras gives a query that may look at nothing no shares, where it computes by its Softmax layer. */
  #sharesNothing({ config, shapes }: WriteLayer, { kwargs }: NumberedCall): boolean {
    const says = (key: string) => kwargs[key] && "value" in kwargs[key] && kwargs[key].value === true;
    const byLayer = says("returnAttentionScores") || Number(config["dropout"] ?? 0) > 0;
    return this.#profile.era === "keras3" && byLayer && !says("useCausalMask") && shapes?.inputs[0]?.length === 3;
  }

  /** Keras 3.8 and before give such a query equal shares: what they put out is taken away, all but the bias. */
  #zeroShares(layer: WriteLayer, { index }: NumberedCall, kwargs: CallSpec["kwargs"], whole: TensorRef): void {
    const edit = this.#edit;
    const bias = layer.weights.find((weight) => weight.name === "outputBias");
    const rest: ArgSpec = bias ? { value: [...bias.data] } : { value: 0 };
    edit.replaceCalls(layer.name, (call) => {
      if (call.index !== index) return undefined;
      const y = edit.call(layer.name, call.args, kwargs);
      const looks = edit.op("Any", [whole], { axis: -1, keepdims: true });
      const outputs = new Map([[0, edit.op("Where", [looks, y, rest])]]);
      if (call.kwargs["returnAttentionScores"]) {
        const heads = edit.op("ExpandDims", [looks], { axis: 1 });
        outputs.set(1, edit.op("Where", [heads, { ...y, tensor: 1 }, 0]));
      }
      return outputs;
    });
  }

  #timeDistributed(layer: WriteLayer, call: NumberedCall, own: Mask | undefined): Effect {
    const { era, recurrentPassesMask, timeDistributedGivesMask } = this.#profile;
    const { mask: _, ...kwargs } = call.kwargs;
    const mask = this.#given(call) ?? own;
    const inner = layer.children[0]!.layer;
    const asInside = { ...inner, ...(layer.shapes && { shapes: layer.shapes }) };
    const ownMasks = era !== "keras1" && era !== "keras3";
    if (mask && mask.rank > 2 && timeDistributedGivesMask && usesMasks(inner)) this.#unroll(layer, call, mask);
    const started = ownMasks ? this.#nodes.started(asInside, tensorsOf(call.args)[0]!) : undefined;
    const kept = ownMasks && timeDistributedGivesMask && handsMaskOn(inner.className, false) ? mask : undefined;
    const passed = started ?? kept ?? (mask && mask.rank > 2 ? this.#nodes.ofSteps(mask) : mask);
    return { outputs: [recurrentPassesMask ? passed : undefined], kwargs };
  }

  /** Steps become rows, where the wrapped layer is to see each step's own mask; then rows become steps. */
  #unroll(layer: WriteLayer, call: NumberedCall, mask: Mask): void {
    const inner = layer.children[0]!.layer;
    const { inputs, outputs } = layer.shapes ?? {};
    const [shape, after] = [inputs?.[0]?.slice(1), outputs?.[0]?.slice(1)];
    if (!shape || !after || inner.graph || mask.rank !== 3 || [...shape, ...after].includes(null)) {
      this.#refuse(layer, "Keras 3 cannot hand a mask on to a layer inside TimeDistributed, and sizes are open here");
      return;
    }
    const edit = this.#edit;
    if (!edit.layers.includes(inner)) edit.adopt(inner, layer.name);
    edit.replaceCalls(layer.name, ({ index, args }) => {
      if (index !== call.index) return undefined;
      const rows = edit.op("Reshape", [tensorsOf(args)[0]!], { newshape: [-1, ...shape.slice(1)] });
      const flat = edit.op("Reshape", [mask.ref()], { newshape: [-1, shape[1]!] });
      const y = edit.call(inner.name, [{ ref: rows }], { mask: { ref: flat } });
      return new Map([[0, edit.op("Reshape", [y], { newshape: [-1, ...after] })]]);
    });
  }
}
