import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Model } from "../platform/node.ts";
import { streamScreen } from "../platform/node-screen.ts";
import {
  type Callback,
  draft,
  type History,
  type Logs,
  modelCheckpoint,
  modelFromJson,
  progressLine,
  sequential,
} from "../platform/training-node.ts";
import { isRecord, textOf } from "./config-keys.ts";
import { type Io, UsageError } from "./io.ts";
import { openModel } from "./open-model.ts";
import { readCallbacks } from "./train-callbacks.ts";
import { readTrainConfig, type TrainConfig } from "./train-config.ts";
import { DataReader } from "./train-data.ts";
import { refuseExisting, writeFileAtomically } from "./write-file.ts";

/** Options of `rnn-wasm train`. */
export interface TrainFlags {
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly verbose: 0 | 1 | 2;
  readonly build?: "simd" | "relaxed";
}

/** `rnn-wasm train CONFIG`: trains what a config file says and writes the model. */
export async function train(path: string, flags: TrainFlags, io: Io): Promise<void> {
  const config = await readTrainConfig(path);
  const name = basename(path);
  const isFile = /\.(keras|h5|hdf5)$/i.test(config.output);
  refuseExisting(isFile ? config.output : join(config.output, "model.json"), flags.force ?? false);
  const resume = await savedRun(config, flags, io);
  const reader = new DataReader(config.folder, io);
  const { x, y, sampleWeight } = await reader.set(config.data, `${name}: data`);
  const validation =
    config.validation === undefined ? undefined : await reader.set(config.validation, `${name}: validation`);
  const test = config.test === undefined ? undefined : await reader.set(config.test, `${name}: test`);
  const callbacks = [...readCallbacks(config.callbacks, `${name}: callbacks`, config.folder), ...saving(config)];
  if (flags.verbose !== 0) callbacks.push(progressLine(streamScreen(io.stderr), flags.verbose));
  const model = await modelOf(config, flags);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    for (const note of model.origin.notes) io.stderr.write(`note: ${note}\n`);
    const history = await model.fit(x, y, {
      seed: config.seed,
      ...config.fit,
      callbacks,
      signal: interrupt.signal,
      ...(sampleWeight && { sampleWeight }),
      ...(validation && { validationData: [validation.x, validation.y, validation.sampleWeight] }),
      ...(resume && { resume }),
    });
    if (history.stopped === "aborted") return stopped(config, io);
    const tested = test && (await model.evaluate(test.x, test.y, { sampleWeight: test.sampleWeight }));
    for (const note of await model.save(config.output)) io.stderr.write(`note: ${note}\n`);
    io.stdout.write(report(config, history, tested));
  } finally {
    process.off("SIGINT", onInterrupt);
    model.dispose();
  }
}

/** The checkpoint to go on from. */
async function savedRun({ checkpoint }: TrainConfig, flags: TrainFlags, io: Io): Promise<Uint8Array | undefined> {
  if (!checkpoint) {
    if (flags.resume) throw new UsageError('--resume needs the key "checkpoint" in the config');
    return undefined;
  }
  if (!existsSync(checkpoint.file)) {
    if (flags.resume) io.stderr.write(`note: there is no ${checkpoint.file} yet; training begins at the beginning\n`);
    return undefined;
  }
  if (flags.resume) return readFile(checkpoint.file);
  if (flags.force) return undefined;
  throw new UsageError(`${checkpoint.file} exists already; pass --resume to go on from it, or --force to begin anew`);
}

/** Keeps the checkpoint, also when training is interrupted. */
function saving({ checkpoint }: TrainConfig): Callback[] {
  if (!checkpoint) return [];
  const { file: filepath, everyBatches } = checkpoint;
  const interrupted: Callback = { onTrainEnd: (run) => writeFileAtomically(filepath, run.checkpoint()) };
  return [modelCheckpoint({ filepath, ...(everyBatches && { everyBatches }) }), interrupted];
}

function stopped({ checkpoint }: TrainConfig, io: Io): void {
  io.stderr.write(
    checkpoint ? `stopped; --resume goes on from ${checkpoint.file}\n` : "stopped; nothing has been written\n",
  );
  process.exitCode = 130;
}

async function modelOf(config: TrainConfig, flags: TrainFlags): Promise<Model> {
  const { seed, trainable } = config;
  const options = { seed, ...(flags.build && { build: flags.build }) };
  const model = await made(config, options);
  for (const [layer, flag] of Object.entries(trainable)) {
    const found = model.layers.find(({ name }) => name === layer);
    if (!found) {
      const names = model.layers.map(({ name }) => name).join(", ");
      throw new UsageError(`trainable: the model has no layer "${layer}"; its layers are ${names}`);
    }
    found.trainable = flag;
  }
  const compile = config.compile ?? model.origin.trainingConfig;
  if (!isRecord(compile)) throw new UsageError('the key "compile" is missing, and the model\'s file holds none');
  model.compile({ seed, ...(flags.build && { build: flags.build }), ...compile });
  return model;
}

async function made({ model }: TrainConfig, options: { seed: number; build?: "simd" | "relaxed" }): Promise<Model> {
  if (Array.isArray(model)) {
    const layers = model.map(({ className, class_name: snake = className, ...layer }, i) =>
      draft(textOf(snake, `model[${i}].className`), {}, layer),
    );
    return sequential(layers, options);
  }
  if (typeof model !== "string") return modelFromJson(model as object, options);
  const { seed: _, ...loading } = options;
  if (!/\.json$/i.test(model) || !existsSync(model)) return openModel(model, loading);
  const text = await readFile(model, "utf8");
  // An architecture alone has a class and a config; files of models have more, or something else.
  return /^\s*\{/.test(text) && isArchitecture(JSON.parse(text))
    ? modelFromJson(text, options)
    : openModel(model, loading);
}

function isArchitecture(json: Readonly<Record<string, unknown>>): boolean {
  return typeof json["class_name"] === "string" && isRecord(json["config"]);
}

function report({ output }: TrainConfig, { epoch, history }: History, tested: Logs | undefined): string {
  const last = Object.entries(history).map(([key, values]) => [key, values.at(-1)!] as const);
  const all = [...last, ...Object.entries(tested ?? {}).map(([key, value]) => [`test_${key}`, value] as const)];
  const values = all.map(([key, value]) => `${key} ${Number(value.toPrecision(5))}`).join(", ");
  const path = relative(process.cwd(), output);
  return `${path.startsWith("..") ? output : path}: ${epoch.length} epochs${values && `, ${values}`}\n`;
}
