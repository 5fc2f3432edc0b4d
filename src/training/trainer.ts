import type { ThreadedEngine } from "../engine/two-modules.ts";
import { OptionError, RnnWasmError } from "../errors.ts";
import { Augmentation } from "../layers/identity-layers.ts";
import type { Profile } from "../layers/profile.ts";
import type { ModelInput } from "../model/inputs.ts";
import { allLayers } from "../model/layer-tree.ts";
import type { InferenceModel } from "../model/model.ts";
import { sampleByStep } from "./data/batch-targets.ts";
import { readBatch } from "./data/read-batch.ts";
import { type BatchOptions, type Gathering, gather, type Logs, logsOf, newGathering } from "./gathering.ts";
import { lossRules } from "./losses/loss-rules.ts";
import { type OptimizerEra, trainingProfile } from "./optimizers/optimizer-rules.ts";
import { type OptimizerVariable, optimizerState, setOptimizerState } from "./optimizers/optimizer-state.ts";
import { type OptimizerSpec, readOptimizer } from "./optimizers/optimizers.ts";
import type { Numbers } from "./optimizers/schedules.ts";
import { UpdatePlan } from "./optimizers/update-plan.ts";
import { compileNames } from "./options/check-compile.ts";
import { type CompileOptions, type OutputSettings, outputSettings } from "./options/compile-options.ts";
import { type Parameter, Parameters } from "./parameters.ts";
import { DropoutSource } from "./random-source.ts";
import type { BatchTensors, StepCut, StepMode } from "./step-plan.ts";
import { type CutStep, StepRunner, type StepSize } from "./step-runner.ts";
import { type HelperHome, helpersOptimizer, trainingEngine } from "./threads/home.ts";
import { PartUpdates } from "./threads/part-updates.ts";
import { type PartResult, type RemoteTrainer, readPart, type SummedGradient, type WhichPart } from "./threads/parts.ts";

/** How many time steps recurrent layers keep at once, in a step on a whole batch. */
export type SpanCut = Pick<StepCut, "spanSteps">;

/**
 * Trains a model: one memory of its own with weights, gradients, optimizer slots and, above them, the tape of a step.
 *
 * The model's own weights change only with {@link syncWeights}.
 */
export class Trainer {
  readonly model: InferenceModel;
  /** As `compile` got them. */
  readonly options: CompileOptions;
  /** Whose rules of training hold. */
  readonly profile: Profile;
  /** The kernels of both modules over the trainer's memory. */
  readonly engine: ThreadedEngine;
  /** Every weight of the model, with its value and its gradient in that memory. */
  readonly parameters: Parameters;
  readonly optimizer: OptimizerSpec;
  /** One per output: its loss and metrics. */
  readonly settings: readonly OutputSettings[];
  /** The optimizer's slots, and what it has done so far. */
  readonly updates: UpdatePlan;
  readonly dropout: DropoutSource;
  /** exp, log and others with the same bits on every engine. */
  readonly math: Numbers;
  /** What `History.notes` tells of how training began. */
  readonly notes: string[] = [];
  /** Bytes of the memory that other threads have. */
  lentBytes = 0;
  readonly #runner: StepRunner;
  readonly #partUpdates: PartUpdates;
  /** Bytes of scratch in which a part's gradients still lie. */
  #partBytes = 0;
  /** Counts changes of the weights: who copies them compares it. */
  version = 0;
  /** Counts changes of weights or optimizer other than by training: trainers on other threads must take them too. */
  given = 0;
  /** Whose update rules hold where the optimizer does not say it. */
  readonly rules: OptimizerEra | undefined;

  /**
   * @param model - Its weights are copied; it predicts with its own until {@link syncWeights}.
   * @param compiled - As `compile` takes it.
   * @param rules - Whose update rules the model's file asks for; `era` among the options goes before it.
   * @param home - Where the trainer helps another one, by the gradients of parts: it has no weights of its own then.
   * @throws {RnnWasmError} If a layer has no gradient here, or an option is unknown.
   */
  constructor(model: InferenceModel, compiled: CompileOptions, rules?: OptimizerEra, home?: HelperHome) {
    const options = compileNames(compiled);
    this.model = model;
    this.options = options;
    this.rules = rules;
    this.engine = trainingEngine(options.build ?? model.engine.build, home);
    this.math = this.engine.kernels as unknown as Numbers;
    const names = outputNames(model);
    this.profile = trainingProfile(model.profile, options.era);
    this.settings = outputSettings(options, names, lossRules(this.profile));
    const given = options.era ? undefined : rules;
    this.optimizer = readOptimizer(options.optimizer ?? "rmsprop", this.profile, this.math, given);
    this.parameters = new Parameters(model.root, this.engine, home?.values);
    this.updates = new UpdatePlan(
      this.engine,
      this.parameters,
      home ? helpersOptimizer(this.optimizer) : this.optimizer,
    );
    this.dropout = new DropoutSource(this.engine, options.seed ?? 0);
    for (const layer of allLayers(model.root)) {
      if (layer instanceof Augmentation) this.notes.push(`${layer} changes images in Keras' training, but not here.`);
    }
    const { engine, parameters, settings, updates, dropout } = this;
    this.#runner = new StepRunner({ model, engine, parameters, settings, updates, dropout });
    this.#partUpdates = new PartUpdates(this.#runner);
  }

  /** Names of the outputs, as losses and metrics are called. */
  get outputNames(): readonly string[] {
    return this.settings.map(({ name }) => name);
  }

  /** Bytes of weights, gradients and optimizer slots, and of the largest step's tape. */
  get memory(): { readonly persistent: number; readonly tape: number; readonly total: number } {
    const tape = this.#runner.largestTape;
    return { persistent: this.engine.memory.scratchBase, tape, total: this.engine.memory.byteLength };
  }

  /** What a step on a batch takes, or on a part that has a share in one; nothing is computed. */
  stepSize(batch: BatchTensors, cut: StepCut = {}): StepSize {
    const mode = cut.share === undefined ? (this.updates.applies ? "train" : "keep") : "part";
    return this.#runner.sizeOf(mode, batch, cut);
  }

  /** One update on one batch; the logs are those of this batch before the update. */
  trainOnBatch(x: ModelInput, y: unknown, options: BatchOptions = {}): Logs {
    const gathering = this.gathering();
    this.step("train", x, y, options, gathering);
    return this.logs(gathering);
  }

  /** Loss and metrics of one batch in inference mode. */
  testOnBatch(x: ModelInput, y: unknown, options: BatchOptions = {}): Logs {
    const gathering = this.gathering();
    this.step("test", x, y, options, gathering);
    return this.logs(gathering);
  }

  /** Looks whether a batch fits the model, without computing it. @throws {ShapeError} If it does not. */
  check(x: ModelInput, y: unknown, options: BatchOptions, { spanSteps }: SpanCut): void {
    this.#runner.check(this.readBatch(x, y, options), { spanSteps });
  }

  /** The optimizer's variables in Keras 3's order: iteration, learning rate, then the slots of each weight. */
  optimizerState(): readonly OptimizerVariable[] {
    return optimizerState(this);
  }

  /**
   * Takes an optimizer's variables, from a file of any era or from {@link optimizerState}.
   *
   * @throws {WeightsError} If they are not those of this optimizer and model; nothing has changed then.
   */
  setOptimizerState(variables: readonly OptimizerVariable[]): void {
    setOptimizerState(this, variables);
    this.given++;
  }

  /** The gradients of one batch, before clipping; nothing is updated but states and moving statistics. */
  gradients(
    x: ModelInput,
    y: unknown,
    options: BatchOptions = {},
    cut: SpanCut = {},
  ): readonly { parameter: Parameter; data: Float32Array }[] {
    this.#run("accumulate", x, y, options, undefined, cut);
    const { f32 } = this.engine.memory;
    return this.parameters.trainable.map((parameter) => {
      const at = parameter.gradient!.address >> 2;
      return { parameter, data: f32.slice(at, at + parameter.size) };
    });
  }

  /** Runs one batch and adds its losses and metrics to a gathering. */
  step(
    mode: "train" | "test",
    x: ModelInput,
    y: unknown,
    options: BatchOptions,
    gathering: Gathering,
    cut: SpanCut = {},
  ): void {
    if (mode === "test") {
      this.#run("test", x, y, options, gathering, cut);
      return;
    }
    this.version++;
    this.dropout.next();
    this.updates.beforeStep();
    this.#run(this.updates.applies ? "train" : "keep", x, y, options, gathering, cut);
    this.updates.afterStep();
  }

  /** A batch's arrays as plans take them. @throws {ShapeError} If one does not fit the model. */
  readBatch(x: ModelInput, y: unknown, options: BatchOptions): BatchTensors {
    const batch = readBatch(this, x, y, options, this.model.stateful);
    if (this.profile.era === "keras3") return batch;
    // Before Keras 3 a weight of a sample is one of all its timesteps, too.
    const rank = (i: number) => this.model.outputs?.[i]?.shape.length ?? 2;
    return { ...batch, weights: batch.weights.map((given, i) => given && sampleByStep(given, rank(i))) };
  }

  #run(
    mode: StepMode,
    x: ModelInput,
    y: unknown,
    options: BatchOptions,
    gathering: Gathering | undefined,
    { spanSteps }: SpanCut,
  ): void {
    const batch = this.readBatch(x, y, options);
    const { plan, weights } = this.#runner.run(mode, batch, { spanSteps });
    if (!gathering) return;
    const rows = batch.inputs[0]?.shape[0] ?? 0;
    const result = { plan, report: this.#runner.report.address, targets: batch.targets, weights, batch: rows };
    gather(gathering, this.engine, this.settings, result);
  }

  /** The gradients of a part of a batch; nothing is updated. */
  part(batch: BatchTensors, which: WhichPart): PartResult {
    this.dropout.step = which.step;
    this.dropout.next(which.part);
    const { plan } = this.#runner.run("part", batch, which);
    this.#partBytes = which.stays ? plan.bound.plan.scratchBytes : 0;
    return readPart(this, plan, this.#runner.report.address, which.stays);
  }

  /**
   * Makes the update of a batch from its parts' summed gradients.
   *
   * @param of - What the gradients are of, in whole or in part: looked at if one is not finite.
   * @param helpers - Threads that update rows of tables as this one does others; they may not have ended.
   * @returns The weights' regularisation loss before it.
   * @throws {DivergenceError} If a gradient is not finite; nothing has changed then.
   */
  update(
    sums: readonly SummedGradient[],
    rate: number,
    of?: CutStep,
    helpers: readonly Pick<RemoteTrainer, "call">[] = [],
  ): number {
    if (of) this.#runner.noteBatch(of);
    this.version++;
    this.updates.learningRate = rate;
    this.updates.beforeStep();
    this.#partUpdates.run(sums, this.#partBytes, helpers);
    this.updates.afterStep();
    return this.engine.memory.f32[(this.#runner.report.address >> 2) + this.settings.length]!;
  }

  /** Runs a batch again, looking at every layer, and tells. @throws {DivergenceError} Always. */
  diverge(what: "loss" | "gradient", of: CutStep): never {
    this.#runner.noteBatch(of);
    return this.#runner.parts.diverged(what);
  }

  /** Fresh metrics and sums. */
  gathering(): Gathering {
    return newGathering(this.model, this.profile, this.settings, this.math);
  }

  /** A gathering's means, by Keras' names. */
  logs(gathering: Gathering): Logs {
    return logsOf(gathering, this.settings);
  }

  /** The learning rate. @throws {OptionError} When set while a schedule rules it. */
  get learningRate(): number {
    return Math.fround(this.updates.currentRate);
  }

  set learningRate(rate: number) {
    if (this.optimizer.schedule) {
      throw new OptionError("The optimizer's learning rate follows a schedule and cannot be set (as in Keras).");
    }
    this.updates.learningRate = Math.fround(rate);
  }

  /** Copies of all weights, in the order of `parameters.list`. */
  weightArrays(): readonly Float32Array[] {
    const { f32 } = this.engine.memory;
    return this.parameters.list.map(({ value, size }) => f32.slice(value.address >> 2, (value.address >> 2) + size));
  }

  /** Puts the optimizer's running averages, if it keeps some, in the weights' place. */
  finalize(): void {
    if (!this.updates.takeAverages()) return;
    this.version++;
    this.given++;
  }

  /** Takes weights as {@link weightArrays} gives them. */
  setWeightArrays(arrays: readonly Float32Array[]): void {
    this.version++;
    this.given++;
    const { f32 } = this.engine.memory;
    this.parameters.list.forEach(({ value }, i) => {
      f32.set(arrays[i]!, value.address >> 2);
    });
  }

  /** The states of stateful layers; empty before the first batch. */
  stateValues(): Float32Array {
    return this.#runner.states.values();
  }

  /** Takes states as {@link stateValues} gives them; they are put in place with the next batch. */
  restoreStates(values: Float32Array): void {
    this.#runner.states.restore(values);
  }

  /** Sets the states of stateful layers to zero. */
  resetStates(): void {
    this.#runner.states.reset();
  }

  /** Copies the trained weights into the model, which then predicts with them. */
  syncWeights(): void {
    for (const [layer, arrays] of this.parameters.arrays()) layer.setWeights(arrays);
    this.model.refreshWeights();
  }

  /** Takes the model's weights, after they have been changed from outside. */
  loadWeights(): void {
    this.given++;
    this.parameters.load();
  }
}

function outputNames(model: InferenceModel): readonly string[] {
  const names = model.root.graph.outputs.map((ref) => ref.layer);
  if (names.length === 0) throw new RnnWasmError("The model has no outputs.");
  return names;
}
