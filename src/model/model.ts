import type { Engine } from "../engine/engine.ts";
import { EngineError, ShapeError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Profile } from "../layers/profile.ts";
import { BoundPlan } from "../plan/bound-plan.ts";
import type { Value } from "../plan/buffer.ts";
import { Planner } from "../plan/planner.ts";
import { StateBlock } from "../plan/state.ts";
import { EngineStore } from "../plan/store.ts";
import type { Tensor } from "../tensor.ts";
import type { GraphLayer } from "./graph-layer.ts";
import type { InputSpec } from "./graph-spec.ts";
import { inputSpecs, type ModelInput, readInputs } from "./inputs.ts";
import { allLayers, isStateful, rowsAreIndependent } from "./layer-tree.ts";
import { type OutputSpec, openOutputs } from "./open-shapes.ts";
import { outputTensors, putRows, takeRows } from "./rows.ts";
import { viewOutput, writeInput } from "./transfer.ts";

/** Plans kept for shapes seen before. */
const PLANS = 8;
/**
 * Rows that one run takes at most; larger batches run in slices, with the same bits. What one step of 64 rows works on
 * stays in the first caches, and the products lose nothing: their tiles are six rows high. More rows of ids share more.
 */
const ROWS_PER_RUN = 64;
const ROWS_OF_IDS = 256;

/** Options of `predict`. */
export interface PredictOptions {
  /**
   * Rows computed at a time, by default 64 at most, or 256 of ids: memory follows it, results do not. A stateful model
   * takes its batch in one piece, or with this so many rows after the other, which go on from each other's states.
   */
  readonly batchSize?: number;
  /** Called after every slice of a batch that is computed in slices, with the rows done so far. */
  readonly onProgress?: (done: number, rows: number) => void;
}

/**
 * A model ready to run: layers with weights, one instance of the kernels, one memory.
 *
 * Its results belong to the caller; its inputs are copied in and never changed.
 */
export class InferenceModel {
  readonly root: GraphLayer;
  readonly engine: Engine;
  readonly profile: Profile;
  readonly inputs: readonly InputSpec[];
  /** Outputs' shapes; undefined if the file does not tell its input's shape. */
  readonly outputs: readonly OutputSpec[] | undefined;
  readonly stateful: boolean;
  /** True if a batch may be cut: no row depends on another. */
  readonly sliceable: boolean;
  readonly #store: EngineStore;
  readonly #plans = new Map<string, BoundPlan>();
  #states = new StateBlock();
  #stateBatch: number | undefined;
  #freshStates = true;
  #disposed = false;

  /** @throws {RnnWasmError} If layers do not fit each other. */
  constructor(root: GraphLayer, engine: Engine) {
    this.root = root;
    this.engine = engine;
    this.profile = root.profile;
    this.inputs = inputSpecs(root.graph);
    this.stateful = allLayers(root).some(isStateful);
    this.outputs = openOutputs(root, this.inputs);
    this.sliceable = !this.stateful && rowsAreIndependent(root, this.outputs);
    this.#store = new EngineStore(engine);
  }

  /** The layers of the model, in the file's order. */
  get layers(): readonly Layer[] {
    return this.root.layers;
  }

  /** Runs the model, into the arrays of `out` where they are given. See the public `predict` and `predictInto`. */
  run(x: ModelInput, options: PredictOptions = {}, out?: readonly (Float32Array | Int32Array)[]): readonly Tensor[] {
    this.#checkAlive();
    const inTurns = this.stateful && options.batchSize !== undefined;
    const tensors = readInputs(x, this.inputs, this.stateful && !inTurns);
    const rows = tensors[0]?.shape[0] ?? 0;
    const uneven = tensors.findIndex((tensor) => (tensor.shape[0] ?? 0) !== rows);
    if (uneven > 0) {
      throw new ShapeError(
        `The inputs must have one batch size; "${this.inputs[0]!.name}" has ${rows} rows, "${this.inputs[uneven]!.name}" ${tensors[uneven]!.shape[0]}.`,
      );
    }
    const slice = options.batchSize ?? (this.inputs[0]?.dtype === "int32" ? ROWS_OF_IDS : ROWS_PER_RUN);
    if (!Number.isInteger(slice) || slice < 1) {
      throw new ShapeError(`\`batchSize\` must be a whole number ≥ 1; got ${String(slice)}.`);
    }
    if (inTurns) this.#checkTurns(rows, slice);
    if (!(this.sliceable || inTurns) || rows <= slice) {
      const views = this.#runOnce(tensors);
      const outputs = outputTensors(views, undefined, out);
      for (const [i, target] of outputs.entries()) putRows(target, views[i]!, 0);
      return outputs;
    }
    let outputs: readonly Tensor[] | undefined;
    for (let row = 0; row < rows; row += slice) {
      const views = this.#runOnce(tensors.map((tensor) => takeRows(tensor, row, Math.min(rows, row + slice))));
      outputs ??= outputTensors(views, rows, out);
      for (const [i, target] of outputs.entries()) putRows(target, views[i]!, row);
      options.onProgress?.(Math.min(rows, row + slice), rows);
    }
    return outputs!;
  }

  #checkTurns(rows: number, batch: number): void {
    const fixed = this.inputs[0]!.shape?.[0] ?? batch;
    if (batch === fixed && rows % batch === 0) return;
    const fault =
      batch === fixed
        ? `its rows must be a multiple of \`batchSize\` ${batch}; got ${rows}`
        : `\`batchSize\` must be ${fixed}; got ${batch}`;
    throw new ShapeError(`The model is stateful: ${fault}.`);
  }

  /** The outputs of one run, in memory that the next run writes again. */
  #runOnce(tensors: readonly Tensor[]): readonly Tensor[] {
    const bound = this.#planFor(tensors);
    bound.prepare();
    const { memory } = this.engine;
    bound.plan.inputs.forEach((value, i) => {
      if (value.dtype !== "string") writeInput(memory, bound.address(value), tensors[i]!, value.dtype);
    });
    bound.check();
    this.#freshStates = false;
    bound.run();
    return bound.plan.outputs.map((value) => viewOutput(memory, bound.address(value), value));
  }

  #planFor(tensors: readonly Tensor[]): BoundPlan {
    const key = tensors.map((tensor) => tensor.shape.join("x")).join(";");
    const known = this.#plans.get(key);
    if (known) {
      this.#plans.delete(key);
      this.#plans.set(key, known);
      return known;
    }
    if (this.stateful) this.#fixBatch(tensors[0]?.shape[0] ?? 1);
    const bound = this.#makePlan(tensors);
    if (this.inputs.some((input) => input.dtype === "string")) return bound;
    this.#plans.set(key, bound);
    if (this.#plans.size > PLANS) this.#plans.delete(this.#plans.keys().next().value!);
    return bound;
  }

  #makePlan(tensors: readonly Tensor[]): BoundPlan {
    const p = new Planner(this.#store, this.#states);
    const inputs = tensors.map((tensor, i): Value => {
      const value = p.tensor(tensor.shape, this.inputs[i]!.dtype);
      return Array.isArray(tensor.data) ? { ...value, strings: tensor.data } : value;
    });
    const plan = p.finish(inputs, this.root.plan(p, inputs, {}));
    this.#states.allocate(this.engine.memory);
    return new BoundPlan(plan, this.engine);
  }

  /** States hold one row per sequence, so that a stateful model keeps the batch of its first call until it is reset. */
  #fixBatch(batch: number): void {
    if (this.#stateBatch === batch) return;
    if (this.#stateBatch !== undefined) {
      if (!this.#freshStates) {
        throw new ShapeError(
          `The model is stateful and holds the states of ${this.#stateBatch} rows; got a batch of ${batch}. Call resetStates() before you change the batch.`,
        );
      }
      this.#states = new StateBlock();
      this.#plans.clear();
    }
    this.#stateBatch = batch;
  }

  /** Sets the states of stateful layers to zero, and lets the next call choose another batch. */
  resetStates(): void {
    this.#checkAlive();
    this.#states.reset(this.engine.memory);
    this.#freshStates = true;
  }

  /** Packs the weights again after they have been changed. */
  refreshWeights(): void {
    this.#store.refresh();
  }

  /** A new plan for other states than the model's own: sessions. */
  planWith(shapes: readonly (readonly number[])[], states: StateBlock): BoundPlan {
    this.#checkAlive();
    const p = new Planner(this.#store, states, true);
    const inputs = shapes.map((shape, i) => p.tensor(shape, this.inputs[i]!.dtype));
    const plan = p.finish(inputs, this.root.plan(p, inputs, {}));
    states.allocate(this.engine.memory);
    return new BoundPlan(plan, this.engine);
  }

  /** Drops the kernels' instance and its memory. Later calls throw. */
  dispose(): void {
    this.#disposed = true;
    this.#plans.clear();
  }

  #checkAlive(): void {
    if (this.#disposed) throw new EngineError("The model has been disposed; load it again.");
  }
}
