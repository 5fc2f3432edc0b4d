import { WeightsError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import type { Parameter, Region } from "../parameters.ts";
import type { Trainer } from "../trainer.ts";
import { pathOf } from "./update-rule.ts";

/** A variable of an optimizer. */
export interface OptimizerVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A trainable weight's slot. */
interface Slot {
  readonly parameter: Parameter;
  readonly shape: readonly number[];
  readonly name: string;
  readonly region: Region;
}

/** Averages of the weights, gathered gradients, then the slots group by group, in a group weight by weight. */
export function slotsOf(trainer: Trainer): readonly Slot[] {
  const { trainable } = trainer.parameters;
  const { updates } = trainer;
  const { slots } = trainer.optimizer.rule;
  const averages = trainable.flatMap((parameter) => {
    const region = updates.average(parameter);
    return region ? [{ parameter, shape: parameter.shape, name: "average", region }] : [];
  });
  const gathered = trainable.flatMap((parameter) => {
    const region = updates.gathered(parameter);
    return region ? [{ parameter, shape: parameter.shape, name: "gradient_accumulator", region }] : [];
  });
  const groups = [...new Set(slots.map(({ group }) => group ?? 0))];
  const ordered = groups.flatMap((group) =>
    trainable.flatMap((parameter) =>
      slots.flatMap((slot, i) => {
        const region = updates.slots(parameter)[i];
        const path = pathOf(parameter.layer, parameter.name);
        const shape = slot.shape?.(parameter.shape, path) ?? parameter.shape;
        return (slot.group ?? 0) === group && region ? [{ parameter, shape, name: slot.name, region }] : [];
      }),
    ),
  );
  return [...averages, ...gathered, ...ordered];
}

/** The optimizer's variables in Keras 3's order. */
export function optimizerState(trainer: Trainer): readonly OptimizerVariable[] {
  const { f32 } = trainer.engine.memory;
  const { updates } = trainer;
  const { product } = trainer.optimizer.rule;
  const rate = trainer.optimizer.schedule ? [] : [variable("learning_rate", [], Float32Array.of(updates.learningRate))];
  return [
    variable("iteration", [], Float32Array.of(updates.batches)),
    ...rate,
    ...slotsOf(trainer).map(({ parameter, shape, name, region }) => {
      const at = region.address >> 2;
      return variable(`${parameter.layer.name}_${parameter.name}_${name}`, shape, f32.slice(at, at + sizeOf(shape)));
    }),
    ...(product ? [variable("product", [], Float32Array.of(product.at(updates.iterations)))] : []),
  ];
}

function variable(name: string, shape: readonly number[], data: Float32Array): OptimizerVariable {
  return { name, shape, data };
}

/** Takes an optimizer's variables: scalars first, then the slots in Keras 3's order, as {@link optimizerState} gives them. */
export function setOptimizerState(trainer: Trainer, variables: readonly OptimizerVariable[]): void {
  const slots = slotsOf(trainer);
  const { product } = trainer.optimizer.rule;
  const hasProduct = product !== undefined && variables.at(-1)?.shape.length === 0;
  const end = variables.length - Number(hasProduct);
  const arrays = variables.slice(end - slots.length, end);
  const scalars = variables.slice(0, Math.max(end - slots.length, 0));
  const fits =
    end > slots.length &&
    scalars.every(({ shape }) => sizeOf(shape) === 1) &&
    slots.every(({ shape }, i) => sameShape(shape, arrays[i]!.shape));
  if (!fits) {
    throw new WeightsError(
      `The optimizer's state does not fit: ${trainer.optimizer.name} on this model needs the iteration and ${slots.length} slots; got ${variables.length} variables. Was it saved with another optimizer or model?`,
    );
  }
  const { f32 } = trainer.engine.memory;
  trainer.updates.setBatches(Math.round(scalars[0]!.data[0]!));
  if (hasProduct) product.set(trainer.updates.iterations, variables.at(-1)!.data[0]!);
  if (scalars.length > 1 && !trainer.optimizer.schedule) trainer.updates.learningRate = scalars[1]!.data[0]!;
  slots.forEach(({ region }, i) => {
    f32.set(arrays[i]!.data, region.address >> 2);
  });
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
