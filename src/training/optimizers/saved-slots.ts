import { sizeOf } from "../../tensor.ts";
import type { Parameter } from "../parameters.ts";
import type { OptimizerVariable } from "./optimizer-state.ts";

/** What an optimizer keeps of each weight: a slot's name and group, in Keras 3's order. */
type Slots = readonly { readonly name: string; readonly group?: number }[];

const fits = (variable: OptimizerVariable | undefined, parameter: Parameter): boolean =>
  variable?.shape.join() === parameter.shape.join();

/**
 * An optimizer's variables from the order of Keras 1, Keras 2 and the old optimizers of tf.keras into that of Keras 3.
 *
 * Those keep a list of all weights for each slot (all m, then all v), behind the iteration and, in Nadam, its product; what
 * Keras 2 has more is left out: vhat's placeholders of one number behind Adam's slots, and SGD's momenta that are not used.
 * RMSprop, Adagrad and Adadelta of Keras before 2.3 save no iteration: they begin at 0, as there.
 *
 * @returns The iteration, then the slots; undefined if the variables are not in such an order.
 */
export function fromSlotLists(
  variables: readonly OptimizerVariable[],
  slots: Slots,
  weights: readonly Parameter[],
): readonly OptimizerVariable[] | undefined {
  const count = slots.length * weights.length;
  const isNumber = (variable: OptimizerVariable | undefined) => variable?.shape.length === 0;
  const listed = (first: number) =>
    slots.every((_, s) => weights.every((weight, w) => fits(variables[first + s * weights.length + w], weight)));
  for (const lead of [1, 2, 0]) {
    const rest = variables.slice(lead + count);
    // Behind the slots: Nadam's schedule of Keras 2.3, placeholders, unused momenta.
    const isRest = rest.length <= 1 || rest.every(({ shape }) => sizeOf(shape) === 1) || slots.length === 0;
    if (!variables.slice(0, lead).every(isNumber) || !isRest || !listed(lead)) continue;
    const iteration = lead > 0 ? variables[0]! : { name: "iteration", shape: [], data: Float32Array.of(0) };
    const groups = [...new Set(slots.map(({ group }) => group ?? 0))];
    const ordered = groups.flatMap((group) =>
      weights.flatMap((_, w) =>
        slots.flatMap((slot, s) => ((slot.group ?? 0) === group ? [variables[lead + s * weights.length + w]!] : [])),
      ),
    );
    return [iteration, ...ordered];
  }
  return undefined;
}
