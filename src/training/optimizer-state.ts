import { WeightsError } from "../errors.ts";
import { sizeOf } from "../tensor.ts";
import type { Parameter, Region } from "./parameters.ts";
import type { Trainer } from "./trainer.ts";

/** A variable of an optimizer. */
export interface OptimizerVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A trainable weight's slot. */
interface Slot {
  readonly parameter: Parameter;
  readonly name: string;
  readonly region: Region;
}

/** Keras 3 interleaves the slots of each weight; adadelta, adam with amsgrad and others go slot by slot. */
function slotsOf(trainer: Trainer): readonly Slot[] {
  const { trainable } = trainer.parameters;
  const names = trainer.optimizer.rule.slots.map(({ name }) => name);
  return trainable.flatMap((parameter) =>
    names.map((name, i) => ({ parameter, name, region: trainer.updates.slots(parameter)[i]! })),
  );
}

/** The optimizer's variables in Keras 3's order. */
export function optimizerState(trainer: Trainer): readonly OptimizerVariable[] {
  const { f32 } = trainer.engine.memory;
  const { updates } = trainer;
  const rate = trainer.optimizer.schedule ? [] : [variable("learning_rate", [], Float32Array.of(updates.learningRate))];
  return [
    variable("iteration", [], Float32Array.of(updates.iterations)),
    ...rate,
    ...slotsOf(trainer).map(({ parameter, name, region }) => {
      const at = region.address >> 2;
      return variable(`${parameter.layer.name}_${parameter.name}_${name}`, parameter.shape, f32.slice(at, at + parameter.size));
    }),
  ];
}

function variable(name: string, shape: readonly number[], data: Float32Array): OptimizerVariable {
  return { name, shape, data };
}

/** Takes an optimizer's variables: scalars first, then the slots in Keras 3's order. */
export function setOptimizerState(trainer: Trainer, variables: readonly OptimizerVariable[]): void {
  const slots = slotsOf(trainer);
  const arrays = variables.slice(variables.length - slots.length);
  const scalars = variables.slice(0, variables.length - slots.length);
  const fits =
    variables.length > slots.length &&
    scalars.every(({ shape }) => sizeOf(shape) === 1) &&
    slots.every(({ parameter }, i) => sameShape(parameter.shape, arrays[i]!.shape));
  if (!fits) {
    throw new WeightsError(
      `The optimizer's state does not fit: ${trainer.optimizer.name} on this model needs the iteration and ${slots.length} slots; got ${variables.length} variables. Was it saved with another optimizer or model?`,
    );
  }
  const { f32 } = trainer.engine.memory;
  trainer.updates.iterations = Math.round(scalars[0]!.data[0]!);
  if (scalars.length > 1 && !trainer.optimizer.schedule) trainer.updates.learningRate = scalars[1]!.data[0]!;
  slots.forEach(({ region }, i) => {
    f32.set(arrays[i]!.data, region.address >> 2);
  });
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
