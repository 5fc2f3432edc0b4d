import { EngineError, ShapeError, UnsupportedLayerError } from "../errors.ts";
import type { BoundPlan } from "../plan/bound-plan.ts";
import { StateBlock } from "../plan/state.ts";
import { formatShape, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import type { InferenceModel } from "./model.ts";
import { viewOutput } from "./transfer.ts";

/** Options of `createSession`. */
export interface SessionOptions {
  /** Sequences that run side by side; 1 by default. */
  readonly batch?: number;
}

/**
 * A sequence that goes on: every recurrent layer keeps its state between calls. Any split of a sequence into steps and
 * chunks gives the same bits in the simd build.
 *
 * @example
 * const session = model.createSession();
 * for (const frame of frames) play(session.step(frame)); // one timestep each, the result array is reused
 */
export class Session {
  /** Sequences side by side. */
  readonly batch: number;
  readonly #model: InferenceModel;
  readonly #states = new StateBlock();
  readonly #step: BoundPlan;
  readonly #chunks = new Map<number, BoundPlan>();
  readonly #result: Float32Array;
  readonly #frameLength: number;
  readonly #resultLength: number;
  #disposed = false;

  /** @throws {UnsupportedLayerError} If the model has several inputs or outputs, or a layer needs the whole sequence. */
  constructor(model: InferenceModel, options: SessionOptions = {}) {
    const batch = options.batch ?? 1;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new ShapeError(`\`batch\` must be a whole number ≥ 1; got ${batch}.`);
    }
    this.batch = batch;
    this.#model = model;
    if (model.inputs.length !== 1) {
      throw new UnsupportedLayerError(`A session needs a model of one input; this one has ${model.inputs.length}.`);
    }
    this.#step = this.#plan(1);
    const [input] = this.#step.plan.inputs;
    const [output] = this.#step.plan.outputs;
    if (this.#step.plan.outputs.length !== 1 || !input || !output || output.dtype !== "float32") {
      throw new UnsupportedLayerError(
        "A session needs a model of one float32 output; take the states from `session.state`.",
      );
    }
    this.#frameLength = input.shape.reduce((a, b) => a * b, 1);
    this.#resultLength = output.shape.reduce((a, b) => a * b, 1);
    this.#result = new Float32Array(this.#resultLength);
    this.#step.prepare();
  }

  #plan(timesteps: number): BoundPlan {
    const { shape } = this.#model.inputs[0]!;
    const [, , ...features] = shape ?? [null, null, 1];
    if (features.includes(null)) {
      throw new ShapeError(`A session needs to know the features of its input; the model says ${formatShape(shape!)}.`);
    }
    return this.#model.planWith([[this.batch, timesteps, ...(features as number[])]], this.#states);
  }

  /**
   * Feeds one timestep.
   *
   * @param frame - Features of this timestep, batch × features elements (token ids: one per sequence).
   * @returns The output, overwritten by the next `step`: copy it to keep it.
   * @throws {ShapeError} If the frame's length is wrong; the state has not changed then.
   */
  step(frame: ArrayLike<number>): Float32Array {
    if (frame.length !== this.#frameLength || this.#disposed) this.#refuse(frame.length);
    const plan = this.#step;
    plan.prepare();
    const { memory } = this.#model.engine;
    const input = plan.plan.inputs[0]!;
    const view = input.dtype === "int32" ? memory.i32 : memory.f32;
    view.set(frame, plan.address(input) >> 2);
    plan.check();
    plan.run();
    const start = plan.address(plan.plan.outputs[0]!) >> 2;
    const { f32 } = memory;
    const result = this.#result;
    for (let i = 0; i < result.length; i++) result[i] = f32[start + i]!;
    return result;
  }

  #refuse(length: number): never {
    if (this.#disposed) throw new EngineError("The session has been disposed.");
    throw new ShapeError(
      `\`frame\` must hold ${this.#frameLength} elements (batch ${this.batch} × ${this.#frameLength / this.batch} features); got ${length}.`,
    );
  }

  /**
   * Feeds several timesteps at once.
   *
   * @param chunk - [batch, timesteps, features] (or [batch, timesteps] for token ids).
   * @returns The output, owned by the caller.
   * @throws {ShapeError} If the shape is wrong; the state has not changed then.
   */
  process(chunk: TensorLike): Tensor {
    if (this.#disposed) this.#refuse(0);
    const tensor = toTensor(chunk, "chunk");
    const wanted = this.#step.plan.inputs[0]!.shape;
    const timesteps = tensor.shape[1] ?? 0;
    const fits =
      tensor.shape.length === wanted.length && wanted.every((n, axis) => axis === 1 || n === tensor.shape[axis]);
    if (!fits || timesteps < 1 || Array.isArray(tensor.data)) {
      const open = wanted.map((n, axis) => (axis === 1 ? "timesteps" : n)).join(", ");
      throw new ShapeError(`\`chunk\` must be [${open}] with at least one timestep; got ${formatShape(tensor.shape)}.`);
    }
    let plan = timesteps === 1 ? this.#step : this.#chunks.get(timesteps);
    if (!plan) {
      plan = this.#plan(timesteps);
      if (this.#chunks.size > 7) this.#chunks.clear();
      this.#chunks.set(timesteps, plan);
    }
    plan.prepare();
    const { memory } = this.#model.engine;
    const input = plan.plan.inputs[0]!;
    (input.dtype === "int32" ? memory.i32 : memory.f32).set(tensor.data, plan.address(input) >> 2);
    plan.check();
    plan.run();
    const output = plan.plan.outputs[0]!;
    const { data, shape } = viewOutput(memory, plan.address(output), output);
    return { data: data.slice() as Tensor["data"], shape };
  }

  /** Back to the beginning of a sequence: all states zero. */
  reset(): void {
    this.#states.reset(this.#model.engine.memory);
  }

  /** A copy of all states, in the order of the graph: what {@link state} takes back. */
  get state(): Float32Array {
    const at = (this.#states.address ?? 0) >> 2;
    return this.#model.engine.memory.f32.slice(at, at + this.#states.length);
  }

  /** @throws {ShapeError} If the length is wrong. */
  set state(values: Float32Array) {
    if (values.length !== this.#states.length) {
      throw new ShapeError(`The session's state holds ${this.#states.length} elements; got ${values.length}.`);
    }
    this.#model.engine.memory.f32.set(values, (this.#states.address ?? 0) >> 2);
  }

  /** Ends the session. Its memory goes with the model. */
  dispose(): void {
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
