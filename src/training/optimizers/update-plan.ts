import type { Engine } from "../../engine/engine.ts";
import type { Place } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { allocateRegion, type Parameter, type Parameters, type Region } from "../parameters.ts";
import type { RangeGradient } from "../table-rows.ts";
import type { Tape } from "../tape.ts";
import { emitConstraint, hasConstraint, weightRegularizer } from "../weight-rules.ts";
import type { OptimizerSpec } from "./optimizers.ts";
import { keepUntouched } from "./untouched-rows.ts";
import { pathOf } from "./update-rule.ts";

/** Floats of the rates block: four for the rule, then the weight decay. */
const RATES = 5;
/** Where the weight decay is, in bytes. */
const DECAY = 16;

/** The optimizer's memory and its part of a step: clipping, weight decay, update, constraints. */
export class UpdatePlan {
  readonly #engine: Engine;
  readonly #parameters: Parameters;
  readonly #spec: OptimizerSpec;
  readonly #slots = new Map<Parameter, readonly (Region | undefined)[]>();
  readonly #kept = new Map<Parameter, Region>();
  readonly #averages = new Map<Parameter, Region>();
  readonly #rates: Region;
  /** Bytes of the slots, and of what else is kept of each weight. */
  readonly slotBytes: number;
  /** Updates done. */
  iterations = 0;
  /** Batches gathered since the last update. */
  #gathered = 0;
  /** The learning rate where no schedule rules it. */
  learningRate: number;

  constructor(engine: Engine, parameters: Parameters, spec: OptimizerSpec) {
    this.#engine = engine;
    this.#parameters = parameters;
    this.#spec = spec;
    this.learningRate = Math.fround(spec.initialRate);
    this.#rates = allocateRegion(engine, RATES);
    const before = engine.memory.scratchBase;
    for (const parameter of parameters.trainable) {
      const slots = spec.rule.slots.map(({ start, shape }) => {
        const own = shape ? shape(parameter.shape, pathOf(parameter.layer, parameter.name)) : parameter.shape;
        if (!own) return undefined;
        const size = sizeOf(own);
        const region = allocateRegion(engine, size);
        const at = region.address >> 2;
        const { address } = parameter.value;
        if (start === "weight") engine.memory.f32.copyWithin(at, address >> 2, (address >> 2) + size);
        else if (start) engine.memory.f32.fill(start, at, at + size);
        return region;
      });
      this.#slots.set(parameter, slots);
      if (spec.average) this.#averages.set(parameter, allocateRegion(engine, parameter.size));
      if (spec.accumulationSteps > 1) this.#kept.set(parameter, allocateRegion(engine, parameter.size));
    }
    this.slotBytes = engine.memory.scratchBase - before;
  }

  /** The slots of a weight, in the order of `spec.rule.slots`; undefined for one that it does not have. */
  slots(parameter: Parameter): readonly (Region | undefined)[] {
    return this.#slots.get(parameter) ?? [];
  }

  /** The gradients gathered for a weight, with gradient accumulation. */
  gathered(parameter: Parameter): Region | undefined {
    return this.#kept.get(parameter);
  }

  /** The running average of a weight, if the optimizer keeps one. */
  average(parameter: Parameter): Region | undefined {
    return this.#averages.get(parameter);
  }

  /** Puts the running averages in the weights' place, as Keras does after `fit`. @returns False if there are none. */
  takeAverages(): boolean {
    const { f32 } = this.#engine.memory;
    const averages = this.iterations > 0 ? this.#averages : new Map<Parameter, Region>();
    for (const [{ value, size }, { address }] of averages) {
      f32.copyWithin(value.address >> 2, address >> 2, (address >> 2) + size);
    }
    return averages.size > 0;
  }

  /** Batches seen: what Keras saves as the iteration. */
  get batches(): number {
    return this.iterations * this.#spec.accumulationSteps + this.#gathered;
  }

  setBatches(batches: number): void {
    this.iterations = Math.floor(batches / this.#spec.accumulationSteps);
    this.#gathered = batches % this.#spec.accumulationSteps;
  }

  /** True if the batch to come ends in an update; with gradient accumulation only every n-th does. */
  get applies(): boolean {
    return this.#gathered + 1 >= this.#spec.accumulationSteps;
  }

  /** The rate of the next update. */
  get currentRate(): number {
    const { schedule, decay } = this.#spec;
    // Schedules count batches, the rule's own numbers updates.
    if (schedule) return schedule(this.batches);
    return decay === 0 ? this.learningRate : this.learningRate / (1 + decay * this.iterations);
  }

  /** Writes this step's numbers. */
  beforeStep(): void {
    const rate = this.currentRate;
    const { f32 } = this.#engine.memory;
    const at = this.#rates.address >> 2;
    f32.set(this.#spec.rule.rates(rate, this.iterations + 1), at);
    f32[at + DECAY / 4] = (this.#spec.weightDecay ?? 0) * rate;
  }

  afterStep(): void {
    if (this.applies) {
      this.#gathered = 0;
      this.iterations++;
    } else {
      this.#gathered++;
    }
  }

  /** Appends the addition of a batch's gradients to those gathered; averages and constraints follow every batch. */
  emitAccumulation(tape: Tape): void {
    for (const parameter of tape.written) {
      tape.densify(parameter);
      const { place, count } = this.#kept.get(parameter)!;
      tape.emit("addTo", { y: place, a: place, b: parameter.gradient!.place, count });
    }
    this.#emitEnd(tape, tape.written);
  }

  #emitEnd(tape: Tape, written: Iterable<Parameter>): void {
    for (const parameter of this.#averages.keys()) this.#emitAverage(tape, parameter);
    for (const parameter of written) emitConstraint(tape, parameter);
  }

  /** True if a weight can be updated from the gradients of some of its rows. */
  #takesRows({ shape }: Parameter): boolean {
    const { accumulationSteps, clipNorm, globalClipNorm, clipValue, rule } = this.#spec;
    const whole = accumulationSteps > 1 || clipNorm || globalClipNorm || clipValue;
    return !whole && rule.updateRows !== undefined && shape.at(-1)! % 4 === 0;
  }

  /** True if the rows of a table can be updated apart from each other, and from all other weights. */
  dividesRows(parameter: Parameter): boolean {
    const ruled = weightRegularizer(parameter) || hasConstraint(parameter);
    return this.#takesRows(parameter) && !ruled && !this.#spec.average;
  }

  /** Appends the update of some rows of a table that {@link dividesRows}. */
  emitRows(tape: Pick<Tape, "emit">, parameter: Parameter, given: RangeGradient): void {
    const { weightDecay, rule } = this.#spec;
    const { place } = this.#rates;
    if (weightDecay) {
      const width = parameter.shape[1]!;
      const p = { ...parameter.value.place, offset: 4 * width * given.first };
      const count = width * (given.last - given.first);
      tape.emit("decayWeights", { p, count, rate: { ...place, offset: DECAY } });
    }
    rule.updateRows!(tape, parameter, this.slots(parameter), place, given);
  }

  /** Appends the update of every weight whose gradient the tape has written. */
  emit(tape: Tape): void {
    const all = this.#parameters.trainable.filter((parameter) => tape.written.has(parameter));
    const { accumulationSteps, clipNorm, globalClipNorm, clipValue, weightDecay, rule } = this.#spec;
    const named = new Map(all.map((parameter) => [parameter, tape.rowGradient(parameter)?.rows]));
    for (const parameter of all) if (!this.#takesRows(parameter)) tape.densify(parameter);
    for (const parameter of all) {
      const kept = this.#kept.get(parameter);
      if (!kept) continue;
      const { place, count } = parameter.gradient!;
      tape.emit("addTo", { y: place, a: place, b: kept.place, count });
      tape.emit("scaleTo", { y: place, a: place, factor: 1 / accumulationSteps, count });
      tape.emit("zeroBytes", { y: kept.place, bytes: 4 * count });
    }
    if (clipNorm) for (const parameter of all) clip(tape, [parameter], clipNorm);
    else if (globalClipNorm) clip(tape, all, globalClipNorm);
    else if (clipValue) {
      for (const { gradient } of all) {
        tape.emit("clipValues", { g: gradient!.place, limit: clipValue, count: gradient!.count });
      }
    }
    if (this.#spec.average?.beginsBefore) this.#beginAverages(tape);
    const rate = this.#rates.place;
    const decay: Place = { ...rate, offset: DECAY };
    for (const parameter of all) {
      const { place, count } = parameter.value;
      if (weightDecay && !rule.decays) tape.emit("decayWeights", { p: place, count, rate: decay });
      const rows = tape.rowGradient(parameter);
      const slots = this.slots(parameter);
      const update = () => rule.update(tape, parameter, slots, rate);
      if (rows) rule.updateRows!(tape, parameter, slots, rate, { ...rows, first: 0, last: parameter.shape[0]! });
      else if (this.#spec.era === "legacy" && rule.untouched && parameter.name === "embeddings") {
        const kept =
          rule.untouched === "rows"
            ? [parameter.value, ...slots.filter((slot) => slot !== undefined)]
            : [parameter.value];
        keepUntouched(tape, parameter, kept, named.get(parameter), update);
      } else update();
    }
    this.#emitEnd(tape, all);
  }

  #beginAverages(tape: Tape): void {
    for (const [{ value, size }, average] of this.#averages) {
      tape.p.host([value.place, average.place], ({ f32 }, [from, to]) => {
        if (this.iterations === 0) f32.copyWithin(to! >> 2, from! >> 2, (from! >> 2) + size);
      });
    }
  }

  /** The average moves towards the weight; the first one is the weight itself, or between it and that before. */
  #emitAverage(tape: Tape, parameter: Parameter): void {
    const { momentum, every, beginsBefore } = this.#spec.average!;
    const { size } = parameter;
    tape.p.host([parameter.value.place, this.#averages.get(parameter)!.place], ({ f32 }, [value, average]) => {
      const [v, a] = [value! >> 2, average! >> 2];
      const kept = this.iterations === 0 && !beginsBefore ? 0 : Math.fround(momentum);
      for (let i = 0; i < size; i++) f32[a + i] = kept * f32[a + i]! + (1 - kept) * f32[v + i]!;
      if (every && (this.iterations + 1) % every === 0) f32.copyWithin(v, a, a + size);
    });
  }
}

/** Scales gradients together so that their norm is at most `limit`. */
function clip(tape: Tape, parameters: readonly Parameter[], limit: number): void {
  const sum = { buffer: tape.p.buffer(8), offset: 0 };
  tape.emit("zeroBytes", { y: sum, bytes: 8 });
  for (const { gradient } of parameters) tape.emit("addSquares", { sum, g: gradient!.place, count: gradient!.count });
  for (const { gradient } of parameters) {
    tape.emit("clipNorm", { g: gradient!.place, sum, limit, count: gradient!.count });
  }
}
