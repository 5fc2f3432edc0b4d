import type { Profile } from "../../../layers/profile.ts";
import type { TensorRef } from "../../../model/graph-spec.ts";
import type { WriteLayer } from "../write-tree.ts";
import type { GraphEdit } from "./graph-edit.ts";

/** A mask: how many axes it has, and its tensor, made when somebody asks for it. */
export interface Mask {
  readonly rank: number;
  readonly ref: () => TensorRef;
}

/** Masks as operation nodes in the graph of a model that is rewritten. */
export class MaskNodes {
  readonly #edit: GraphEdit;
  readonly #profile: Profile;

  constructor(edit: GraphEdit, profile: Profile) {
    this.#edit = edit;
    this.#profile = profile;
  }

  /** The mask that starts at an Embedding (ids that are not zero) or a Masking layer; undefined for other layers. */
  started(layer: WriteLayer, x: TensorRef): Mask | undefined {
    const rank = (layer.shapes?.outputs[0]?.length ?? 3) - 1;
    if (layer.className === "Embedding") {
      return layer.config["maskZero"] === true ? this.#lazy(rank, () => this.#edit.op("NotEqual", [x, 0])) : undefined;
    }
    if (layer.className !== "Masking") return undefined;
    return this.#lazy(rank, () => this.#any(this.#edit.op("NotEqual", [x, { value: layer.config["maskValue"] ?? 0 }])));
  }

  /** The mask of a layer's inputs together, as the model's own Keras joins them; undefined for none. */
  joined(masks: readonly (Mask | undefined)[]): Mask | undefined {
    const { mergeMasks } = this.#profile;
    const present = [...new Set(masks.filter((mask) => mask !== undefined))];
    if (mergeMasks === "lost" || present.length === 0) return undefined;
    if (mergeMasks === "or" && masks.includes(undefined)) return undefined;
    const op = mergeMasks === "or" ? "LogicalOr" : "LogicalAnd";
    return present.reduce((a, b) => this.#lazy(a.rank, () => this.#edit.op(op, [a.ref(), b.ref()])));
  }

  /** Masks [batch, timesteps] one behind the other; inputs that have none hide nothing. */
  sideBySide(inputs: readonly TensorRef[], masks: readonly (Mask | undefined)[], axis: number): Mask {
    return this.#lazy(2, () => {
      const parts = masks.map((mask, i) => (mask ? mask.ref() : this.#always(inputs[i]!)));
      return this.#edit.op("Concatenate", [{ list: parts.map((ref) => ({ ref })) }], { axis });
    });
  }

  /** The mask [batch, timesteps] of one with more axes: steps in which anything counts. */
  ofSteps(mask: Mask): Mask {
    const axes = Array.from({ length: mask.rank - 2 }, (_, i) => i + 2);
    return this.#lazy(2, () => this.#edit.op("Any", [mask.ref()], { axis: axes, keepdims: false }));
  }

  #always(x: TensorRef): TensorRef {
    const ones = this.#edit.op("OnesLike", [x]);
    return this.#any(this.#edit.op("NotEqual", [ones, 0]));
  }

  #any(x: TensorRef): TensorRef {
    return this.#edit.op("Any", [x], { axis: -1, keepdims: false });
  }

  #lazy(rank: number, make: () => TensorRef): Mask {
    let made: TensorRef | undefined;
    return {
      rank,
      ref: () => {
        made ??= make();
        return made;
      },
    };
  }
}
