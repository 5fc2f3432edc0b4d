import { OptionError } from "../../errors.ts";
import { plainSlots, type SlotLayout } from "../../model/slot-layout.ts";
import { formatShape } from "../../tensor.ts";
import { plainName } from "../options/serialized.ts";
import type { Parameter, Region } from "../parameters.ts";
import type { Trainer } from "../trainer.ts";
import { rulesOf, savedOptimizer } from "./optimizer-rules.ts";
import { type OptimizerVariable, slotsOf } from "./optimizer-state.ts";
import { type OptimizerSpec, readOptimizer } from "./optimizers.ts";
import { readSavedState, type SavedState } from "./saved-state.ts";

/** tf.keras 2.11 to 2.15 count, when they are loaded, one product for each weight. */
const NADAM = "here it goes on; there the first updates after loading are others.";

/** What a model's file holds of its training. */
export interface SavedTraining {
  /** The optimizer's variables in the file's order. */
  readonly optimizerWeights?: readonly OptimizerVariable[];
  /** To which weights they may belong; undefined in our own format, which keeps Keras 3's order for every era. */
  readonly optimizerSlots?: readonly SlotLayout[];
  /** Keras' compile config: slots of another class may have the same shapes. */
  readonly trainingConfig?: unknown;
}

/**
 * Gives the optimizer the state that the model's file holds, if it is one of this optimizer; else it starts afresh, as
 * with a model that was saved without. What cannot be taken up is told by name in `trainer.notes`.
 *
 * @param isOwn - True if the optimizer is the file's, too: its learning rate goes on as well.
 */
export function resumeFrom(trainer: Trainer, saved: SavedTraining, isOwn: boolean): void {
  const { optimizerWeights: variables = [], optimizerSlots, trainingConfig } = saved;
  const spec = specOf(trainer, trainingConfig);
  const { name } = trainer.optimizer;
  if (!spec || plainName(spec.name) !== plainName(name)) return;
  if (variables.length === 0) {
    if (!isOfLegacy(trainingConfig)) return;
    trainer.notes.push(
      `tf.keras saves no state of optimizers.legacy in .keras files: ${name} starts afresh, as it does there.`,
    );
    return;
  }
  const order = optimizerSlots ? spec : { ...spec, era: "keras3" as const };
  const layouts = optimizerSlots ?? plainSlots(trainer.model.root);
  const states = layouts.map((layout) => readSavedState(variables, order, layout));
  const state = states.find((read) => read !== undefined);
  const fault = state ? take(trainer, state, isOwn) : shapesFault(variables, layouts[0]!, spec);
  if (fault) trainer.notes.push(`The file's optimizer state is left out, and ${name} starts afresh. ${fault}`);
  else if (state) trainer.notes.push(...lacking(trainer, state));
}

/** True of a config of Keras 3's form that names an old optimizer of tf.keras. */
function isOfLegacy(trainingConfig: unknown): boolean {
  const saved = savedOptimizer(trainingConfig);
  const { module } = (typeof saved === "object" ? saved : {}) as { readonly module?: unknown };
  return typeof module === "string" && module.includes("legacy");
}

/** The optimizer as the file describes it; undefined if there is none of that class here. */
function specOf(trainer: Trainer, trainingConfig: unknown): OptimizerSpec | undefined {
  const saved = savedOptimizer(trainingConfig);
  if (saved === undefined) return trainer.optimizer;
  const { profile } = trainer.model;
  try {
    return readOptimizer(saved, profile, trainer.math, rulesOf(trainingConfig, profile));
  } catch (error) {
    if (error instanceof OptionError) return undefined;
    throw error;
  }
}

/** Puts a state in place. @returns Why it does not fit; nothing has changed then. */
function take(trainer: Trainer, { iteration, learningRate, product, slots }: SavedState, isOwn: boolean) {
  const writes: (readonly [Region, Float32Array])[] = [];
  const without = new Set<Parameter>();
  for (const { parameter, name, shape, region } of slotsOf(trainer)) {
    const { layer, index } = parameter;
    const ofSlot = slots.get(name);
    if (!ofSlot) return `The file has no slot "${name}": its optimizer had other options.`;
    const place = layer.weights.slice(0, index).filter(({ trainable }) => trainable).length;
    const array = ofSlot.get(layer)?.[place];
    if (!array) {
      if (shape.length > 0 || parameter.shape.length === 0) without.add(parameter);
    } else if (array.shape.join() !== shape.join()) {
      return `${layer}: the slot "${name}" of ${parameter.name} is ${formatShape(array.shape)} in the file, not ${formatShape(shape)}.`;
    } else writes.push([region, array.data]);
  }
  const { f32 } = trainer.engine.memory;
  for (const [region, data] of writes) f32.set(data, region.address >> 2);
  const { updates, optimizer } = trainer;
  updates.setBatches(Math.round(iteration ?? 0));
  if (isOwn && learningRate !== undefined && !optimizer.schedule) updates.learningRate = learningRate;
  // Where the new optimizers do not save it, it follows from the iteration.
  if (product !== undefined || optimizer.era !== "keras3")
    optimizer.rule.product?.set(updates.iterations, product ?? 1);
  trainer.given++;
  if (without.size > 0) {
    const names = [...without].map(({ layer, name }) => `${layer.name}/${name}`).join(", ");
    trainer.notes.push(`The file has no optimizer slots for weights that it says do not train: ${names} start afresh.`);
  }
  return undefined;
}

/** What that Keras does not save, so that it begins anew there, too. */
function lacking({ optimizer, model }: Trainer, { iteration, product }: SavedState): readonly string[] {
  const keras = `Keras ${model.profile.version || "of this file"}`;
  const { name, era, decay, rule, schedule } = optimizer;
  const counts = decay !== 0 || schedule !== undefined;
  return [
    ...(iteration === undefined && counts
      ? [`${keras} does not save how many updates ${name} has made: its decay begins anew, as it does there.`]
      : []),
    ...(product === undefined && rule.product
      ? [
          `${keras} does not save the product of ${name}'s momenta: ${era === "keras3" ? NADAM : "it begins anew, as it does there."}`,
        ]
      : []),
  ];
}

function shapesFault(variables: readonly OptimizerVariable[], { shapes }: SlotLayout, spec: OptimizerSpec): string {
  const names = spec.rule.slots.map(({ name }) => name).join(", ") || "no slots";
  return `${spec.name} needs ${names} for ${shapes.length} trained weights (${shapes.map(formatShape).join(", ")}); the file has ${variables.length} variables (${variables.map(({ shape }) => formatShape(shape)).join(", ")}).`;
}
