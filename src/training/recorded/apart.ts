import { weightValue } from "../../layers/activation-layers.ts";
import { real } from "../../layers/config.ts";
import { Layer } from "../../layers/layer.ts";
import { allLayers } from "../../model/layer-tree.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Apart } from "../../plan/planner.ts";
import { binary, concat, matmul, slice } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { Rule, Tape } from "../tape.ts";
import { DistinctInputs, recordedStep } from "./recorded-rule.ts";

/**
 * Layers without training kernels that are planned as in prediction, but apart, in tensor operations: recurrent ones whose
 * cells are convolutional, the user's, or have peepholes or activations that the kernels do not know, and attention over
 * other axes than steps.
 */
export const apartRule: Rule = (tape, layer, inputs, call) => {
  const { initialState = [], constants = [] } = call;
  const distinct = new DistinctInputs(tape, [...inputs, ...initialState, ...constants]);
  const xs = distinct.inputs.slice(0, inputs.length);
  const states = distinct.inputs.slice(inputs.length, inputs.length + initialState.length);
  const own = {
    ...call,
    ...(call.initialState && { initialState: states }),
    ...(call.constants && { constants: distinct.inputs.slice(inputs.length + initialState.length) }),
  };
  const inner = allLayers(layer);
  return recordedStep(tape, layer, distinct.inputs, inner, () => {
    tape.p.apart = new TrainedApart(tape);
    try {
      return layer.plan(tape.p, xs, own);
    } finally {
      tape.p.apart = undefined;
    }
  });
};

/** Products on the tape, with the dropout of one call: the same factors at every step of a cell. */
class TrainedApart implements Apart {
  readonly #tape: Tape;
  readonly #factors = new Map<object, Map<string, readonly Value[]>>();

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  product(
    owner: object,
    name: string,
    x: Value,
    gates: number,
    multiply = (from: Value, columns: Value) => matmul(this.#tape.p, from, columns),
  ): Value {
    if (!(owner instanceof Layer)) throw new TypeError(`${name} belongs to no layer`);
    const { p } = this.#tape;
    const weight = weightValue(p, owner, owner.needWeight(name));
    const factors = this.#dropped(owner, name, x, gates);
    const width = weight.shape.at(-1)! / factors.length;
    const parts = factors.map((factor, i) =>
      multiply(factor ? binary(p, "multiply", x, factor) : x, slice(p, weight, -1, i * width, width)),
    );
    return parts.length === 1 ? parts[0]! : concat(p, parts, -1);
  }

  dropped(x: Value, rate: number): Value {
    const { p, random } = this.#tape;
    if (!random || rate === 0) return x;
    return binary(p, "multiply", x, this.#mask(x, rate));
  }

  #mask(like: Value, rate: number): Value {
    const { random } = this.#tape;
    return { ...random!.mask(this.#tape, sizeOf(like.shape), rate), shape: like.shape, dtype: "float32" };
  }

  /** One factor of x for all gates, undefined without dropout, or one for each. */
  #dropped(owner: Layer, name: string, x: Value, gates: number): readonly (Value | undefined)[] {
    const { random } = this.#tape;
    const rate = (key: string) => real(owner, owner.config, key, 0);
    const own = rate(name === "kernel" ? "dropout" : "recurrentDropout");
    if (!random || own === 0) return [undefined];
    const known = this.#factors.get(owner) ?? new Map<string, readonly Value[]>();
    this.#factors.set(owner, known);
    // Keras takes gates apart where something is dropped of the state; convolutional cells always do.
    const apart = rate("recurrentDropout") > 0 || owner.config["filters"] !== undefined;
    const count = apart ? gates : 1;
    const made = known.get(name) ?? Array.from({ length: count }, () => this.#mask(x, own));
    known.set(name, made);
    return made;
  }
}
