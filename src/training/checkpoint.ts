import { FormatError, OptionError } from "../errors.ts";
import { readSafetensors, type SafeTensor, safetensorToFloat32, writeSafetensors } from "../formats/safetensors.ts";
import type { Trainer } from "./trainer.ts";

/** The batch to come. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
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
export function writeCheckpoint(trainer: Trainer, position: Position, data: string, order = ""): Uint8Array {
  const tensors: [string, SafeTensor][] = [];
  trainer.weightArrays().forEach((array, i) => {
    tensors.push([`weights/${i}`, { dtype: "F32", shape: [array.length], data: array }]);
  });
  trainer.optimizerState().forEach(({ data: values, shape }, i) => {
    tensors.push([`optimizer/${i}`, { dtype: "F32", shape, data: values }]);
  });
  tensors.push(["states", { dtype: "F32", shape: [trainer.stateValues().length], data: trainer.stateValues() }]);
  const about = {
    format: FORMAT,
    model: modelFingerprint(trainer),
    data,
    order,
    epoch: String(position.epoch),
    batch: String(position.batch),
    step: String(trainer.dropout.step),
    seed: String(trainer.dropout.seed),
    iterations: String(trainer.updates.batches),
  };
  return writeSafetensors(tensors, Object.entries(about));
}

/**
 * Takes a checkpoint and tells where to go on, and which batches of an iterable came before.
 *
 * @throws {OptionError} If it is of another model, optimizer, seed or data order; nothing has changed then.
 * @throws {FormatError} If it is damaged.
 */
export function readCheckpoint(
  trainer: Trainer,
  bytes: Uint8Array,
  data: string,
): { readonly position: Position; readonly order: string } {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.get("format") !== FORMAT)
    throw new FormatError("The checkpoint is not one of this version of rnn-wasm.");
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
  if (!fits || weights.length !== trainer.parameters.list.length)
    throw new FormatError("The checkpoint's weights are damaged.");
  const position = { epoch: number("epoch"), batch: number("batch") };
  const [step, iterations] = [number("step"), number("iterations")];
  trainer.setOptimizerState(series("optimizer"));
  trainer.updates.setBatches(iterations);
  trainer.setWeightArrays(weights.map(({ data: values }) => values));
  trainer.dropout.step = step;
  const states = tensors.get("states");
  if (states) trainer.restoreStates(safetensorToFloat32("states", states));
  return { position, order: metadata.get("order") ?? "" };
}
