import { FormatError, OptionError } from "../../errors.ts";
import {
  readSafetensors,
  type SafeTensor,
  type Safetensors,
  safetensorToFloat32,
  writeSafetensors,
} from "../../formats/safetensors.ts";
import type { Gathering } from "../gathering.ts";
import type { Trainer } from "../trainer.ts";
import type { CallbackState } from "./callbacks.ts";

/** The batch to come. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
}

/** What a run holds beside its trainer. */
export interface RunState {
  readonly position: Position;
  /** Which data, and in which order it came. */
  readonly data: string;
  readonly order?: string | undefined;
  /** The epoch's sums so far. */
  readonly gathering: Gathering | undefined;
  /** What callbacks remember, by name and number. */
  readonly callbacks: Readonly<Record<string, CallbackState>>;
  /** True if a callback has ended training. */
  readonly stopped: boolean;
}

const FORMAT = "rnn-wasm-checkpoint-1";

/** What tells one model and optimizer from another. */
function modelFingerprint(trainer: Trainer): string {
  const weights = trainer.parameters.list.map(
    ({ layer, name, shape }) => `${layer.className}/${name}[${shape.join(",")}]`,
  );
  return `${trainer.optimizer.name}; ${weights.join(" ")}`;
}

/** Everything that a resumed run needs, as a safetensors file: weights, optimizer, random numbers, position, states. */
export function writeCheckpoint(trainer: Trainer, run: RunState): Uint8Array {
  const tensors: [string, SafeTensor][] = [];
  const floats = (key: string, data: Float32Array, shape: readonly number[] = [data.length]) =>
    tensors.push([key, { dtype: "F32", shape, data }]);
  const doubles = (key: string, data: Float64Array) =>
    tensors.push([key, { dtype: "F64", shape: [data.length], data }]);
  for (const [i, array] of trainer.weightArrays().entries()) floats(`weights/${i}`, array);
  for (const [i, { data, shape }] of trainer.optimizerState().entries()) floats(`optimizer/${i}`, data, shape);
  floats("states", trainer.stateValues());
  if (run.gathering) for (const [i, sums] of sumsOf(run.gathering).entries()) doubles(`epoch/${i}`, sums);
  for (const [callback, state] of Object.entries(run.callbacks)) {
    for (const [name, value] of Object.entries(state)) {
      const key = `callbacks/${callback}/${name}`;
      if (typeof value === "number") doubles(key, Float64Array.of(value));
      else for (const [i, array] of value.entries()) floats(`${key}/${i}`, array);
    }
  }
  const about = {
    format: FORMAT,
    model: modelFingerprint(trainer),
    data: run.data,
    order: run.order ?? "",
    epoch: String(run.position.epoch),
    batch: String(run.position.batch),
    stopped: String(run.stopped),
    step: String(trainer.dropout.step),
    seed: String(trainer.dropout.seed),
    iterations: String(trainer.updates.batches),
  };
  return writeSafetensors(tensors, Object.entries(about));
}

/**
 * Takes a checkpoint and tells where to go on.
 *
 * @throws {OptionError} If it is of another model, optimizer, seed or data order; nothing has changed then.
 * @throws {FormatError} If it is damaged.
 */
export function readCheckpoint(trainer: Trainer, bytes: Uint8Array, data: string): RunState {
  const { tensors, metadata } = readTensors(bytes);
  if (metadata.get("format") !== FORMAT) {
    throw new FormatError("The checkpoint is not one of this version of rnn-wasm.");
  }
  const wanted = { model: modelFingerprint(trainer), data, seed: String(trainer.dropout.seed) };
  for (const [key, value] of Object.entries(wanted)) {
    if (metadata.get(key) !== value) {
      throw new OptionError(
        `The checkpoint does not continue this run: its ${key} is ${JSON.stringify(metadata.get(key))}, here it is ${JSON.stringify(value)}.`,
      );
    }
  }
  const series = (name: string) => {
    const found: { name: string; shape: readonly number[]; data: Float32Array }[] = [];
    for (let i = 0; ; i++) {
      const tensor = tensors.get(`${name}/${i}`);
      if (!tensor) return found;
      found.push({ name: `${name}/${i}`, shape: tensor.shape, data: safetensorToFloat32(name, tensor) });
    }
  };
  const number = (key: string): number => {
    const value = Number(metadata.get(key));
    if (!Number.isInteger(value) || value < 0) throw new FormatError(`The checkpoint's ${key} is damaged.`);
    return value;
  };
  const weights = series("weights");
  const fits = weights.every(({ data: values }, i) => values.length === trainer.parameters.list[i]?.size);
  if (!fits || weights.length !== trainer.parameters.list.length) {
    throw new FormatError("The checkpoint's weights are damaged.");
  }
  const position = { epoch: number("epoch"), batch: number("batch") };
  const [step, iterations] = [number("step"), number("iterations")];
  const gathering = gatheringFrom(trainer, tensors);
  const callbacks = callbackStates(tensors);
  trainer.setOptimizerState(series("optimizer"));
  trainer.updates.setBatches(iterations);
  trainer.setWeightArrays(weights.map(({ data: values }) => values));
  trainer.dropout.step = step;
  const states = tensors.get("states");
  if (states) trainer.restoreStates(safetensorToFloat32("states", states));
  const stopped = metadata.get("stopped") === "true";
  return { position, data, order: metadata.get("order"), gathering, callbacks, stopped };
}

function readTensors(bytes: Uint8Array): Safetensors {
  try {
    return readSafetensors(bytes);
  } catch (cause) {
    throw new FormatError(`The checkpoint is damaged, or is none: ${(cause as Error).message}`, { cause });
  }
}

/** A gathering's sums: the losses', then each metric's. */
function sumsOf({ samples, loss, losses, metrics }: Gathering): Float64Array[] {
  return [Float64Array.of(samples, loss, ...losses), ...metrics.map(({ metric }) => metric.totals())];
}

/** The sums of an epoch that was left in its midst; undefined if none was, or if other metrics are asked for now. */
function gatheringFrom(trainer: Trainer, tensors: Safetensors["tensors"]): Gathering | undefined {
  const gathering = trainer.gathering();
  const sums = sumsOf(gathering).map((_, i) => tensors.get(`epoch/${i}`)?.data);
  const [first, ...rest] = sums;
  if (!(first instanceof Float64Array) || first.length !== 2 + gathering.losses.length) return undefined;
  if (tensors.has(`epoch/${sums.length}`) || !rest.every((values) => values instanceof Float64Array)) return undefined;
  const [samples = 0, loss = 0, ...losses] = first;
  Object.assign(gathering, { samples, loss });
  losses.forEach((value, i) => {
    gathering.losses[i] = value;
  });
  for (const [i, { metric }] of gathering.metrics.entries()) metric.restore(rest[i] as Float64Array);
  return gathering;
}

function callbackStates(tensors: Safetensors["tensors"]): Record<string, CallbackState> {
  const states: Record<string, Record<string, number | Float32Array[]>> = Object.create(null);
  for (const [key, { data }] of tensors) {
    const [, callback, name] = /^callbacks\/(.*?)\/([^/]*)(?:\/\d+)?$/.exec(key) ?? [];
    if (callback === undefined || name === undefined) continue;
    states[callback] ??= {};
    const state = states[callback];
    if (data instanceof Float64Array) state[name] = data[0] ?? 0;
    else if (data instanceof Float32Array) state[name] = [...((state[name] as Float32Array[]) ?? []), data];
  }
  return states;
}
