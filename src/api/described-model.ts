import { OptionError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Profile } from "../layers/profile.ts";
import type { InputSpec } from "../model/graph-spec.ts";
import { allLayers } from "../model/layer-tree.ts";
import type { InferenceModel } from "../model/model.ts";
import type { OutputSpec } from "../model/open-shapes.ts";
import type { ModelOrigin } from "./origin.ts";
import { countParameters, summaryText } from "./summary.ts";

/** Lets a model be a function, too, which puts it into another model as a layer: what it is given becomes `this`. */
class Self {
  constructor(self?: object) {
    // biome-ignore lint/correctness/noConstructorReturn: a function cannot be had by `new` otherwise.
    if (self) return Object.setPrototypeOf(self, new.target.prototype) as Self;
  }
}

/** What a model tells of itself: where it came from, what it takes and gives, its layers. */
export class DescribedModel extends Self {
  /** Where the model came from: format, Keras version, what was repaired. */
  readonly origin: ModelOrigin;

  readonly #inference: InferenceModel | undefined;

  /** @param self - The function that is to be the model, where it is one. */
  constructor(inference: InferenceModel | undefined, origin: ModelOrigin, self?: object) {
    super(self);
    this.#inference = inference;
    this.origin = origin;
  }

  /** What runs it. Not part of the stable interface. */
  get inference(): InferenceModel {
    if (this.#inference) return this.#inference;
    throw new OptionError("The model has no layers that know their shapes yet.");
  }

  /** The model's name in its file. */
  get name(): string {
    return this.inference.root.graph.name;
  }

  /** What the model takes: name, shape with the batch first (null: any size; undefined: the file does not say), dtype. */
  get inputs(): readonly InputSpec[] {
    return this.inference.inputs;
  }

  /** What the model gives; undefined if its input's shape is not in the file. */
  get outputs(): readonly OutputSpec[] | undefined {
    return this.inference.outputs;
  }

  /** The layers in the file's order; as in Keras, a Sequential's without its input. */
  get layers(): readonly Layer[] {
    const { layers, root } = this.inference;
    return root.graph.className === "Sequential" ? layers.filter((one) => one.className !== "InputLayer") : layers;
  }

  /** False freezes all layers, true lets all train; reading it gives what was set last. Takes effect with `compile`. */
  get trainable(): boolean {
    return this.inference.root.trainable;
  }

  set trainable(trains: boolean) {
    for (const layer of allLayers(this.inference.root)) layer.trainable = trains;
  }

  /** The numeric rules of the file's Keras, resolved when it was loaded. */
  get profile(): Profile {
    return this.inference.profile;
  }

  /** Which kernels run this model and why. */
  get runtime(): { readonly build: "simd" | "relaxed"; readonly why: string; readonly memoryBytes: number } {
    const { build, why, memory } = this.inference.engine;
    return { build, why, memoryBytes: memory.byteLength };
  }

  /**
   * A layer by its name, or by its place in {@link layers}.
   *
   * @throws {OptionError} If there is none; the message lists the names.
   */
  getLayer(which: string | number): Layer {
    const { layers } = this;
    const found = typeof which === "number" ? layers.at(which) : layers.find(({ name }) => name === which);
    if (found) return found;
    throw new OptionError(
      `There is no layer ${JSON.stringify(which)}: the layers are ${layers.map(({ name }) => name).join(", ")}.`,
    );
  }

  /** How many numbers the weights hold. */
  countParams(): number {
    return countParameters(this.inference.root);
  }

  /** A table of layers, output shapes and parameters, as text. */
  summary(): string {
    return summaryText(this.inference);
  }
}
