import type { Engine } from "../engine/engine.ts";
import type { Layer, Weight } from "../layers/layer.ts";
import type { Place } from "../plan/buffer.ts";
import { sizeOf } from "../tensor.ts";

/** Persistent floats in the trainer's memory. */
export interface Region {
  readonly address: number;
  /** Floats, rounded up to a multiple of 4; the padding is zero. */
  readonly count: number;
  readonly place: Place;
}

/** A weight in training: its value and its gradient, row-major in Keras' layout. */
export interface Parameter {
  readonly layer: Layer;
  readonly index: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly value: Region;
  /** True if the weight itself and every layer on the way to it train. */
  readonly trains: boolean;
  /**
   * The summed gradient of a step, taken when first asked for: a table whose rows' gradients go straight into its update
   * never needs one. Undefined for weights that do not train.
   */
  readonly gradient: Region | undefined;
}

/** Takes zeroed persistent floats. */
export function allocateRegion(engine: Engine, size: number): Region {
  return regionAt(engine.memory.allocate(16 * Math.ceil(size / 4)), size);
}

function regionAt(address: number, size: number): Region {
  const count = Math.ceil(size / 4) * 4;
  const buffer = { bytes: count * 4, address, first: -1, last: -1, offset: 0 };
  return { address, count, place: { buffer, offset: 0 } };
}

/**
 * Every weight of a model in the trainer's memory, in the order of the graph, each layer once.
 *
 * A weight trains if it is trainable itself and no layer on the way to it is frozen.
 */
export class Parameters {
  readonly list: readonly Parameter[];
  readonly #byLayer = new Map<Layer, readonly Parameter[]>();
  readonly #engine: Engine;

  /** @param values - Addresses of weights that another thread has loaded: those are taken as they are. */
  constructor(root: Layer, engine: Engine, values?: readonly number[]) {
    this.#engine = engine;
    let next = 0;
    const place = (size: number) => (values ? regionAt(values[next++]!, size) : allocateRegion(engine, size));
    const list: Parameter[] = [];
    const walk = (layer: Layer, trains: boolean): void => {
      if (this.#byLayer.has(layer)) return;
      const active = trains && layer.trainable;
      const own = layer.weights.map((weight, index) => this.#parameter(layer, weight, index, active, place));
      this.#byLayer.set(layer, own);
      list.push(...own);
      for (const child of layer.children) walk(child.layer, active);
    };
    walk(root, true);
    this.list = list;
    if (!values) this.load();
  }

  #parameter(layer: Layer, weight: Weight, index: number, active: boolean, place: (size: number) => Region): Parameter {
    const size = sizeOf(weight.shape);
    const engine = this.#engine;
    const trains = active && weight.trainable;
    let gradient: Region | undefined;
    return {
      layer,
      index,
      name: weight.name,
      shape: weight.shape,
      size,
      value: place(size),
      trains,
      get gradient() {
        if (trains) gradient ??= allocateRegion(engine, size);
        return gradient;
      },
    };
  }

  /** The weights that train, in the order of the graph. */
  get trainable(): readonly Parameter[] {
    return this.list.filter((parameter) => parameter.trains);
  }

  /** A layer's weight by name; undefined if it has none of that name. */
  find(layer: Layer, name: string): Parameter | undefined {
    return this.#byLayer.get(layer)?.find((parameter) => parameter.name === name);
  }

  /** True if the layer or one inside it has a weight that trains. */
  trains(layer: Layer): boolean {
    if (this.#byLayer.get(layer)?.some((parameter) => parameter.trains)) return true;
    return layer.children.some((child) => this.trains(child.layer));
  }

  /** Copies the layers' weights into the trainer's memory. */
  load(): void {
    const { f32 } = this.#engine.memory;
    for (const { layer, index, value } of this.list) f32.set(layer.weights[index]!.data, value.address >> 2);
  }

  /** Copies of the weights, one array per layer. */
  arrays(): Map<Layer, { data: Float32Array; shape: readonly number[] }[]> {
    const { f32 } = this.#engine.memory;
    const byLayer = new Map<Layer, { data: Float32Array; shape: readonly number[] }[]>();
    for (const [layer, own] of this.#byLayer) {
      if (own.length === 0) continue;
      byLayer.set(
        layer,
        own.map(({ value, size, shape }) => ({
          data: f32.slice(value.address >> 2, (value.address >> 2) + size),
          shape,
        })),
      );
    }
    return byLayer;
  }
}
