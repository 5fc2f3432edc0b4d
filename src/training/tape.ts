import { UnsupportedLayerError } from "../errors.ts";
import type { Layer, LayerCall } from "../layers/layer.ts";
import type { Place, PlanBuffer, Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { sizeOf } from "../tensor.ts";
import { KernelCalls } from "./kernel-calls.ts";
import type { Parameter, Parameters } from "./parameters.ts";
import type { LookedUp, RowGradient } from "./table-rows.ts";
import { activityRegularizer, sumsActivity } from "./weight-rules.ts";

/** What an output was made from, where a loss can work on that instead: Keras on TensorFlow does so. */
export interface Logits {
  readonly value: Value;
  readonly by: "sigmoid" | "softmax";
}

/** Gradients, undefined where nothing depends on a value. */
export type Gradients = readonly (Value | undefined)[];

/** A layer's call on the tape. */
export interface Step {
  readonly outputs: readonly Value[];
  /** Of the first output. */
  readonly logits?: Logits | undefined;
  /**
   * Appends the way back.
   *
   * @param gradients - One per output; undefined where nothing depends on it.
   * @param wanted - False if nobody needs the inputs' gradients.
   * @param ofLogits - Per output a gradient of what `logits` names, beside that of the value.
   * @returns The gradients of the inputs, then of initial states and constants; undefined where there is none.
   */
  backward(gradients: Gradients, wanted: boolean, ofLogits: Gradients): Gradients;
}

/** How a layer class trains. */
export type Rule = (tape: Tape, layer: Layer, inputs: readonly Value[], call: LayerCall) => Step;

/** Finds the rule of a layer. */
export type RuleBook = (layer: Layer) => Rule | undefined;

/** Where a gradient goes. */
export interface Sink extends Place {
  /** 1 if the plan has written it before, so that more is added. */
  readonly accumulate: number;
}

/**
 * One plan of a training or test step while it is made: kernel calls, weights and where their gradients go.
 */
export class Tape extends KernelCalls {
  readonly parameters: Parameters;
  /** False while evaluating: no dropout, moving statistics. */
  readonly training: boolean;
  /** The float that gathers regularisation losses. */
  readonly penalty: Place;
  /** The share of what runs in the batch's loss: a factor of every gradient that starts here. */
  share = 1;
  /** Steps that a recurrent layer may keep in memory for its way back; undefined for all of them. */
  spanSteps: number | undefined;
  /** Steps of the longest sequence so far. */
  longest = 0;
  /** Looks at every layer's outputs and gradients; set while a divergence is searched. */
  probe: ((value: Value, what: string) => void) | undefined;
  readonly #rules: RuleBook;
  readonly #written = new Set<Parameter>();
  /** Rows that a layer sees of each sample: inside TimeDistributed of Keras 3 its timesteps. */
  stepsPerSample = 1;
  readonly #random: RandomSource | undefined;
  readonly #rowGradients = new Map<Parameter, RowGradient>();
  readonly #lookedUp = new Map<PlanBuffer, LookedUp>();

  constructor(
    p: Planner,
    parameters: Parameters,
    training: boolean,
    rules: RuleBook,
    penalty: Place,
    random?: RandomSource,
  ) {
    super(p);
    this.penalty = penalty;
    this.parameters = parameters;
    this.training = training;
    this.#rules = rules;
    this.#random = random;
  }

  /**
   * Runs a layer's rule.
   *
   * @param isCalled - False if Keras runs the layer's `call` alone, without what belongs to being called.
   * @throws {UnsupportedLayerError} If there is none.
   */
  step(layer: Layer, inputs: readonly Value[], call: LayerCall = {}, isCalled = true): Step {
    const rule = this.#rules(layer);
    if (!rule) {
      throw new UnsupportedLayerError(
        `${layer} cannot be trained here: no gradient is known for the class ${layer.className}. It can only predict.`,
      );
    }
    const step = this.#probed(layer, rule(this, layer, inputs, call));
    const activity = isCalled && this.activity(layer, step.outputs);
    if (!activity) return step;
    return { ...step, backward: (given, wanted, ofLogits) => step.backward(activity(given), wanted, ofLogits) };
  }

  /** Shows what a layer gives, forwards and backwards, to whoever looks for the first number that is not finite. */
  #probed(layer: Layer, step: Step): Step {
    const { probe } = this;
    if (!probe || "graph" in layer) return step;
    for (const value of step.outputs) probe(value, `the output of ${layer}`);
    return {
      ...step,
      backward: (...args) => {
        const back = step.backward(...args);
        for (const value of back) if (value) probe(value, `the gradient that ${layer} hands back`);
        return back;
      },
    };
  }

  /**
   * Adds the activity loss of a layer's outputs: a mean over the batch or, in older Kerases, a sum.
   *
   * @returns What adds its gradient to the outputs' own; undefined if the layer has no such loss.
   */
  activity(layer: Layer, outputs: readonly Value[]): ((gradients: Gradients) => Gradients) | undefined {
    const term = activityRegularizer(layer);
    if (!term) return undefined;
    const { l1, l2 } = term;
    const terms = outputs.map((y) => {
      // Its gradient adds to the value's own.
      this.#lookedUp.delete(y.buffer);
      const samples = sumsActivity(layer) ? 1 : (y.shape[0] ?? 1) / this.stepsPerSample;
      const own = { w: y, count: sizeOf(y.shape), l1, l2, scale: 1 / samples };
      this.emit("regularize", { ...own, loss: this.penalty, g: 0 });
      return own;
    });
    return (gradients) =>
      terms.map((own, i) => {
        const { shape } = outputs[i]!;
        const dy = gradients[i];
        const g = dy ? this.add(dy, this.zeros(dy.shape)) : this.zeros(shape);
        const ignored = { buffer: this.p.buffer(4), offset: 0 };
        this.emit("fillWith", { y: ignored, value: 0, count: 1 });
        this.emit("regularize", { ...own, scale: own.scale * this.share, loss: ignored, g });
        return g;
      });
  }

  /** A layer's weight. */
  weight(layer: Layer, name: string): Place | undefined {
    return this.parameters.find(layer, name)?.value.place;
  }

  needWeight(layer: Layer, name: string): Place {
    layer.needWeight(name);
    return this.weight(layer, name)!;
  }

  /** Where a weight's gradient goes; undefined if it does not train. The caller writes it, or adds to it. */
  sink(layer: Layer, name: string): Sink | undefined {
    const parameter = this.parameters.find(layer, name);
    if (!parameter?.trains) return undefined;
    this.densify(parameter);
    const accumulate = this.#written.has(parameter) ? 1 : 0;
    this.#written.add(parameter);
    return { ...parameter.gradient!.place, accumulate };
  }

  /** The same for kernels that only add: zeroed at its first use. */
  addingSink(layer: Layer, name: string): Place | undefined {
    const sink = this.sink(layer, name);
    if (sink?.accumulate === 0) this.emit("zeroBytes", { y: sink, bytes: sink.buffer.bytes });
    return sink;
  }

  /** Says that a value holds rows of a table. */
  noteLookUp(value: Value, lookedUp: LookedUp): void {
    this.#lookedUp.set(value.buffer, lookedUp);
  }

  /** What a value was looked up in, if it is that value as it was. */
  lookedUp({ buffer, offset, shape }: Value): LookedUp | undefined {
    const found = this.#lookedUp.get(buffer);
    const same = offset === 0 && shape.length === found?.shape.length && shape.every((n, i) => n === found.shape[i]);
    return same ? found : undefined;
  }

  /** Adds gradients of some of a table's rows. */
  giveRows(layer: Layer, name: string, given: RowGradient): void {
    const parameter = this.parameters.find(layer, name);
    if (!parameter?.trains) return;
    const before = this.#rowGradients.get(parameter);
    if (before?.rows === given.rows) {
      const { gradient: y } = before;
      this.emit("addTo", { y, a: y, b: given.gradient, count: given.rows.maxRows * parameter.shape[1]! });
    } else if (this.#written.has(parameter)) this.#addRows(this.sink(layer, name)!, given, parameter);
    else {
      this.#written.add(parameter);
      this.#rowGradients.set(parameter, given);
    }
  }

  #addRows(gradient: Place, { rows, gradient: x }: RowGradient, { shape }: Parameter): void {
    this.emit("addRows", { gradient, rows: rows.named, total: rows.total, x, width: shape[1]! });
  }

  /** The gradient of some rows, if that is all that a weight's gradient is. */
  rowGradient(parameter: Parameter): RowGradient | undefined {
    return this.#rowGradients.get(parameter);
  }

  /** Makes a gradient of some rows one of the whole weight. */
  densify(parameter: Parameter): void {
    const given = this.#rowGradients.get(parameter);
    if (!given) return;
    this.#rowGradients.delete(parameter);
    const { place } = parameter.gradient!;
    this.emit("zeroBytes", { y: place, bytes: place.buffer.bytes });
    this.#addRows(place, given, parameter);
  }

  /** The parameters whose gradients this plan has written. */
  get written(): ReadonlySet<Parameter> {
    return this.#written;
  }

  /** Random numbers for dropout; undefined while evaluating. */
  get random(): RandomSource | undefined {
    return this.training ? this.#random : undefined;
  }
}

/** Where dropout masks come from. */
export interface RandomSource {
  /** A new mask [count]: 0 with probability `rate`, else 1 / (1 − rate); drawn anew in every run. */
  mask(tape: Tape, count: number, rate: number): Place;
  /** Normal numbers [count] of mean 0. */
  normal(tape: Tape, count: number, deviation: number): Place;
}
