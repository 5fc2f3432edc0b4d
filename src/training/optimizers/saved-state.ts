import type { Layer } from "../../layers/layer.ts";
import type { SlotArray, SlotLayout, SlotOfWeights } from "../../model/slot-layout.ts";
import { sizeOf } from "../../tensor.ts";
import { plainName } from "../options/serialized.ts";
import type { OptimizerVariable } from "./optimizer-state.ts";
import type { OptimizerSpec } from "./optimizers.ts";

/** What a file's variables say of an optimizer's state. */
export interface SavedState {
  /** Batches seen; undefined where that Keras does not save them. */
  readonly iteration: number | undefined;
  readonly learningRate: number | undefined;
  /** The product of Nadam's momenta; undefined where that Keras does not save it. */
  readonly product: number | undefined;
  /** The arrays of each slot, by its name in Keras 3, by the layer that they are of. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<Layer, SlotOfWeights>>;
}

/** A slot's array that is looked for: which slot, of which weight, in the file's layout. */
interface Wanted {
  readonly slot: string;
  readonly weight: number;
  readonly shape: readonly number[];
}

/** Averages of the weights, gathered gradients, then the slots group by group, in a group weight by weight. */
function inOrderOfKeras3({ rule, average, accumulationSteps }: OptimizerSpec, layout: SlotLayout): readonly Wanted[] {
  const { shapes, paths } = layout;
  const groups = [...new Set(rule.slots.map(({ group }) => group ?? 0))];
  const each = (slot: string) => shapes.map((shape, weight) => ({ slot, weight, shape }));
  return [
    ...(average ? each("average") : []),
    ...(accumulationSteps > 1 ? each("gradient_accumulator") : []),
    ...groups.flatMap((group) =>
      shapes.flatMap((of, weight) =>
        rule.slots.flatMap(({ name, group: own, shape: shaped }) => {
          const shape = shaped ? shaped(of, paths[weight]!) : of;
          return (own ?? 0) === group && shape ? [{ slot: name, weight, shape }] : [];
        }),
      ),
    ),
  ];
}

/**
 * Keras 1, Keras 2 and the old optimizers of tf.keras keep a list of all weights for each slot: all m, then all v. Ftrl,
 * which came last, goes weight by weight.
 */
function inOrderOfLists(spec: OptimizerSpec, layout: SlotLayout): readonly Wanted[] {
  const { rule, name } = spec;
  if (plainName(name) === "ftrl") return inOrderOfKeras3(spec, layout);
  const { shapes } = layout;
  return rule.slots.flatMap(({ name }) => shapes.map((shape, weight) => ({ slot: name, weight, shape })));
}

const isNumber = ({ shape }: OptimizerVariable): boolean => shape.length === 0;

/**
 * Reads an optimizer's variables as the Keras that wrote them orders them.
 *
 * Some have more behind the slots: placeholders of one number in Adam of Keras 2, momenta that SGD does not use.
 * In front are the iteration, the learning rate or Nadam's product, and what a LossScaleOptimizer keeps for itself.
 *
 * @param spec - The optimizer as the file describes it.
 * @returns undefined if they are not in this order.
 */
export function readSavedState(
  variables: readonly OptimizerVariable[],
  spec: OptimizerSpec,
  layout: SlotLayout,
): SavedState | undefined {
  const wanted = spec.era === "keras3" ? inOrderOfKeras3(spec, layout) : inOrderOfLists(spec, layout);
  // tf.keras does not save the numbers that stand for slots of vectors.
  const isReal = ({ shape, weight }: Wanted) => shape.length > 0 || layout.shapes[weight]!.length === 0;
  return readAs(wanted, variables, spec, layout) ?? readAs(wanted.filter(isReal), variables, spec, layout);
}

function readAs(
  wanted: readonly Wanted[],
  variables: readonly OptimizerVariable[],
  spec: OptimizerSpec,
  layout: SlotLayout,
): SavedState | undefined {
  const found = variables.findIndex((variable) => !isNumber(variable));
  const scalars = found < 0 ? variables.length : found;
  // Weights may be numbers, too: the fewer scalars in front, the more of them there are.
  for (let lead = scalars; lead >= 0; lead--) {
    const rest = variables.slice(lead + wanted.length);
    const fits = wanted.every(({ shape }, i) => variables[lead + i]?.shape.join() === shape.join());
    if (!fits || !mayFollow(rest, spec)) continue;
    return {
      ...numbersOf(variables.slice(0, lead), rest, spec),
      slots: bySlot(wanted, variables.slice(lead, lead + wanted.length), layout),
    };
  }
  return undefined;
}

/** Whether variables may stand behind the slots. */
function mayFollow(rest: readonly OptimizerVariable[], { era, rule }: OptimizerSpec): boolean {
  if (rule.slots.length === 0) return true;
  if (era === "keras3") return rest.length <= Number(rule.product !== undefined) && rest.every(isNumber);
  return rest.every(({ shape }) => sizeOf(shape) === 1);
}

function numbersOf(
  lead: readonly OptimizerVariable[],
  rest: readonly OptimizerVariable[],
  { era, rule, schedule }: OptimizerSpec,
): Omit<SavedState, "slots"> {
  const value = (variable: OptimizerVariable | undefined): number | undefined => variable?.data[0];
  if (era !== "keras3") {
    const product = rule.product ? value(lead[1]) : undefined;
    return { iteration: value(lead[0]), learningRate: undefined, product };
  }
  // A LossScaleOptimizer has four numbers of its own before those of the optimizer in it; the product stands behind the
  // rate until Keras 3.8 or so, then behind the slots.
  const base = schedule ? 1 : 2;
  const isInLead = rule.product !== undefined && (lead.length - base) % 4 === 1;
  const own = lead.slice(isInLead ? -base - 1 : -base);
  return { iteration: value(own[0]), learningRate: value(own[1]), product: value(isInLead ? own[base] : rest[0]) };
}

/** The arrays by slot and layer. */
function bySlot(wanted: readonly Wanted[], arrays: readonly SlotArray[], layout: SlotLayout): SavedState["slots"] {
  const lists = new Map<string, (SlotArray | undefined)[]>();
  wanted.forEach(({ slot, weight }, i) => {
    const list = lists.get(slot) ?? layout.shapes.map(() => undefined);
    list[weight] = arrays[i];
    lists.set(slot, list);
  });
  return new Map([...lists].map(([slot, list]) => [slot, layout.byLayer(list)]));
}
