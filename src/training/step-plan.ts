import type { Engine } from "../engine/engine.ts";
import type { InferenceModel } from "../model/model.ts";
import { BoundPlan } from "../plan/bound-plan.ts";
import { type Place, type Value, withMask } from "../plan/buffer.ts";
import type { StateBlock } from "../plan/state.ts";
import type { EngineStore } from "../plan/store.ts";
import { floats } from "../plan/tensor-ops.ts";
import type { Tensor } from "../tensor.ts";
import { type Finding, refuseNonFinite, watch } from "./divergence.ts";
import type { GraphStep } from "./layers/graph.ts";
import { lossPass, lossShape } from "./losses/loss-pass.ts";
import { isSparse } from "./losses/losses.ts";
import type { UpdatePlan } from "./optimizers/update-plan.ts";
import type { OutputSettings } from "./options/compile-options.ts";
import type { Parameter, Parameters, Region } from "./parameters.ts";
import type { DropoutSource } from "./random-source.ts";
import { RecordingPlanner } from "./recorded/recording-planner.ts";
import { ruleOf } from "./rules.ts";
import { Tape } from "./tape.ts";
import { weightRegularizer } from "./weight-rules.ts";

/**
 * "accumulate" leaves the gradients where they are; "keep" adds them to those gathered for a later update; "part" leaves
 * those of a part of a batch, without the weights' regularisation.
 */
export type StepMode = "train" | "keep" | "accumulate" | "part" | "test";

/** A table's gradient in a plan's memory: of `total` rows, which `named` numbers. */
export interface TableGradient {
  readonly parameter: Parameter;
  readonly named: Value;
  readonly total: Value;
  readonly gradient: Value;
}

/** A step's plan and where its parts lie. */
export interface StepPlan {
  readonly bound: BoundPlan;
  readonly inputs: readonly Value[];
  readonly targets: readonly Value[];
  readonly weights: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  /** The loss of each row of an output has this shape. */
  readonly rowShapes: readonly (readonly number[])[];
  /** Weights whose gradients the plan leaves in memory, and of which of them only some rows: mode "part". */
  readonly written: readonly Parameter[];
  readonly tables: readonly TableGradient[];
  /** Time steps of the longest sequence that a recurrent layer takes; 0 if there is none. */
  readonly longest: number;
}

/** How a step takes less than a batch, or less memory than all of its time steps need. */
export interface StepCut {
  /** A part's share in its batch's loss: a factor of its gradients. 1 by default. */
  readonly share?: number;
  /** Time steps that recurrent layers keep at once for their way back; all by default. */
  readonly spanSteps?: number | undefined;
}

/** What every plan of a trainer is made from. */
export interface StepParts extends StepCut {
  readonly model: InferenceModel;
  readonly engine: Engine;
  readonly parameters: Parameters;
  readonly settings: readonly OutputSettings[];
  readonly updates: UpdatePlan;
  readonly dropout: DropoutSource;
  readonly store: EngineStore;
  readonly states: StateBlock;
  /** Losses, one per output, then the regularisation's. */
  readonly report: Region;
  /** Called before the update if a loss or gradient is not finite; throws. */
  readonly diverged: (what: "loss" | "gradient") => never;
  /** Filled by a run of the plan that looks for the first number that is not finite. */
  readonly finding?: Finding;
}

/** What a plan is made for: shapes of a batch. */
export interface BatchTensors {
  readonly inputs: readonly Tensor[];
  readonly targets: readonly (Tensor | undefined)[];
  readonly weights: readonly (Tensor | undefined)[];
}

/** Plans a step: forwards, losses, backwards, regularisation, update. */
export function planStep(parts: StepParts, mode: StepMode, batch: BatchTensors): StepPlan {
  const { model, engine, parameters, settings, updates, dropout, report, states } = parts;
  const p = new RecordingPlanner(parts.store, states);
  const training = mode !== "test";
  const penalty = reported(report, settings.length);
  const tape = new Tape(p, parameters, training, ruleOf, penalty, dropout);
  tape.share = parts.share ?? 1;
  tape.spanSteps = parts.spanSteps;
  if (parts.finding) watch(tape, p, parts.finding);
  tape.emit("zeroBytes", { y: report.place, bytes: report.count * 4 });
  const inputs = batch.inputs.map((tensor, i) => p.tensor(tensor.shape, model.inputs[i]!.dtype));
  const made = tape.step(model.root, inputs) as GraphStep;
  // Whole numbers have losses and metrics, too, but no gradient. A mask that attention has taken off is none.
  const seen = (y: Value) => (y.mask?.taken ? withMask(y, undefined) : y);
  const step = { ...made, outputs: made.outputs.map((y) => seen(floats(p, y))) };
  const { targets, weights, rowShapes, gradients, ofLogits } = planLosses(tape, parts, mode, step, batch);
  const followed = gradients.map((gradient, i) => (made.outputs[i]!.dtype === "float32" ? gradient : undefined));
  if (training) step.backward(followed, false, ofLogits);
  if (mode !== "part") regularizeWeights(tape, parameters, penalty);
  if (mode === "accumulate") for (const parameter of tape.written) tape.densify(parameter);
  if (mode === "train" || mode === "keep") {
    refuseNonFinite(tape, engine, { place: report.place, count: settings.length + 1 }, parts.diverged);
  }
  if (mode === "train") updates.emit(tape);
  if (mode === "keep") updates.emitAccumulation(tape);
  const given = weights.filter((value) => value !== undefined);
  const written = mode === "part" ? parameters.trainable.filter((parameter) => tape.written.has(parameter)) : [];
  const tables = written.flatMap((parameter) => tableGradient(tape, parameter));
  const masks = step.outputs.flatMap(({ mask }) => (mask ? [mask] : []));
  const left = tables.flatMap(({ named, total, gradient }) => [named, total, gradient]);
  const plan = p.finish([...inputs, ...targets, ...given], [...step.outputs, ...masks, ...left]);
  states.allocate(engine.memory);
  const bound = new BoundPlan(plan, engine);
  return { bound, inputs, targets, weights, outputs: step.outputs, rowShapes, written, tables, longest: tape.longest };
}

/** The place of a number that a step reports. */
const reported = ({ place }: Region, i: number): Place => ({ ...place, offset: 4 * i });

/** Appends the losses of all outputs: their targets and weights, and the gradients with which the way back begins. */
function planLosses(
  tape: Tape,
  { settings, report }: StepParts,
  mode: StepMode,
  { outputs, allLogits }: GraphStep,
  batch: BatchTensors,
) {
  const targets: Value[] = [];
  const weights: (Value | undefined)[] = [];
  const rowShapes: (readonly number[])[] = [];
  const gradients: (Value | undefined)[] = [];
  const ofLogits: (Value | undefined)[] = [];
  outputs.forEach((output, i) => {
    const { loss, weight } = settings[i]!;
    const rowShape = lossShape(loss?.kind, output.shape);
    rowShapes.push(rowShape);
    // CTC's targets are sequences of any length of their own.
    const ofLoss = loss && isSparse(loss.kind) ? rowShape : output.shape;
    const target = tape.tensor(loss?.kind === "ctc" ? (batch.targets[i]?.shape ?? []) : ofLoss);
    targets.push(target);
    const given = batch.weights[i] ? tape.tensor(rowShape) : undefined;
    weights.push(given);
    if (!loss) return;
    const done = lossPass(tape, loss, {
      output,
      logits: allLogits[i],
      target,
      weights: given,
      total: reported(report, i),
      scale: weight * tape.share,
      isPart: mode === "part",
    });
    (done.ofLogits ? ofLogits : gradients)[i] = done.gradient;
  });
  return { targets, weights, rowShapes, gradients, ofLogits };
}

/** A table's gradient of some rows, with what says which they are. */
function tableGradient(tape: Tape, parameter: Parameter): TableGradient[] {
  const found = tape.rowGradient(parameter);
  if (!found) return [];
  const { rows, gradient } = found;
  const whole = (place: Place, shape: readonly number[], dtype: "int32" | "float32"): Value => ({
    ...place,
    shape,
    dtype,
  });
  return [
    {
      parameter,
      named: whole(rows.named, [rows.maxRows], "int32"),
      total: whole(rows.total, [1], "int32"),
      gradient: whole(gradient, [rows.maxRows, parameter.shape[1]!], "float32"),
    },
  ];
}

/** Appends the weights' regularisation losses, added to the penalty, and their gradients. */
export function regularizeWeights(tape: Tape, parameters: Parameters, penalty: Place): void {
  for (const parameter of parameters.list) {
    // Until tf.keras 2.15 the penalty of frozen weights is part of the loss.
    if (!parameter.trains && parameter.layer.profile.era === "keras3") continue;
    const found = weightRegularizer(parameter);
    if (!found) continue;
    // A weight without a loss behind it has the penalty's gradient alone.
    const g = (tape.training && tape.addingSink(parameter.layer, parameter.name)) || 0;
    const { place, count } = parameter.value;
    if ("factor" in found) {
      const [rows, columns] = parameter.shape as [number, number];
      const scratch = { buffer: tape.p.buffer(8 * (rows * columns + rows + columns)), offset: 0 };
      const sizes = { rows, columns, byRows: found.byRows, factor: found.factor };
      tape.emit("regularizeOrthogonal", { loss: penalty, g, w: place, scratch, ...sizes });
    } else tape.emit("regularize", { loss: penalty, g, w: place, count, ...found, scale: 1 });
  }
}
