import type { Layer, WeightKeeper } from "../../layers/layer.ts";
import { allLayers } from "../../model/layer-tree.ts";

/**
 * The weights of layers that several models may share, and that kernels and a trainer hold as well: whoever is to be used
 * gets the newest first.
 */
export class SharedWeights {
  readonly #toHolders: () => void;
  readonly #fromHolders: () => void;
  /** True if a layer has got weights that the kernels and the trainer do not have. */
  #isStale = false;
  #isSettling = false;
  readonly #keeper: WeightKeeper = {
    bring: () => this.settle(),
    changed: () => {
      this.#isStale = true;
    },
    others: new Set(),
  };

  /**
   * @param toHolders - Gives the layers' weights to kernels and trainer.
   * @param fromHolders - Gives the trainer's weights to layers and kernels.
   */
  constructor(toHolders: () => void, fromHolders: () => void) {
    this.#toHolders = toHolders;
    this.#fromHolders = fromHolders;
  }

  /** Becomes a keeper of the weights of all layers within, beside those who keep them already. */
  adopt(root: Layer): void {
    const { others } = this.#keeper;
    for (const layer of allLayers(root)) {
      for (const other of layer.keepers) {
        other.others.add(this.#keeper);
        others.add(other);
      }
      layer.keepers = [...layer.keepers, this.#keeper];
    }
    others.delete(this.#keeper);
  }

  /** True if layers have got weights from outside, or may get them from another model. */
  get mayDiffer(): boolean {
    return this.#isStale || this.#keeper.others.size > 0;
  }

  /** Keeps them no longer; the other models have the newest then. */
  leave(root: Layer): void {
    const keeper = this.#keeper;
    if (keeper.others.size > 0) this.settle();
    for (const layer of allLayers(root)) layer.keepers = layer.keepers.filter((one) => one !== keeper);
    for (const { others } of keeper.others) others.delete(keeper);
  }

  /** Gives layers, kernels and trainer the same weights. */
  settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    for (const other of this.#keeper.others) other.bring();
    if (this.#isStale) this.#toHolders();
    else this.#fromHolders();
    this.#isSettling = false;
    this.#isStale = false;
  }
}
