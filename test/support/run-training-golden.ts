import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Model } from "../../src/api/model.ts";
import { loadModel } from "../../src/platform/node.ts";
import type { Tensor } from "../../src/tensor.ts";
import { evaluate as evaluateHere } from "../../src/training/evaluate.ts";
import { resumeFrom } from "../../src/training/optimizers/resume.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { decodeTensor, difference, GOLDENS, type GoldenFiles, type GoldenTensor, sourceOf } from "./goldens.ts";

/** A case of kind "train". */
export interface TrainingCase {
  readonly id: string;
  readonly about: string;
  readonly tags: readonly string[];
  readonly models: readonly GoldenFiles[];
  readonly compile: Readonly<Record<string, unknown>>;
  readonly batches: readonly {
    readonly x: readonly GoldenTensor[];
    readonly y: readonly GoldenTensor[];
    readonly sampleWeight?: GoldenTensor | readonly GoldenTensor[];
    readonly reset?: boolean;
  }[];
  readonly classWeight?: Readonly<Record<string, number>>;
  readonly losses: readonly number[];
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  readonly gradients?: readonly GoldenTensor[];
  readonly optimizerAfter?: readonly GoldenTensor[];
  readonly weightsAfter: readonly GoldenTensor[];
  readonly evaluate?: {
    readonly x: readonly GoldenTensor[];
    readonly y: readonly GoldenTensor[];
    readonly batchSize: number;
    readonly result: Readonly<Record<string, number>>;
  };
  readonly tolerance: { readonly abs: number; readonly rel: number };
  readonly weightsTolerance: { readonly abs: number; readonly rel: number };
}

/** One tensor alone, or a list. */
export function one<T>(list: readonly T[]): T | readonly T[] {
  return list.length === 1 ? list[0]! : list;
}

function close(got: number, want: number, tolerance: { abs: number; rel: number }): boolean {
  return Math.abs(got - want) <= tolerance.abs + tolerance.rel * Math.abs(want);
}

/** Keras 1's arrays gate by gate (W_i, U_i, b_i …) as Keras 2's three. */
function fused(
  weights: readonly (Tensor & { name?: string | undefined })[],
): readonly (Tensor & { name?: string | undefined })[] {
  const out: (Tensor & { name?: string | undefined })[] = [];
  for (let i = 0; i < weights.length; i++) {
    const name = weights[i]!.name ?? "";
    const gates = name.endsWith("_W_i") ? [0, 2, 1, 3] : name.endsWith("_W_z") ? [0, 1, 2] : undefined;
    if (!gates) {
      out.push(weights[i]!);
      continue;
    }
    for (let kind = 0; kind < 3; kind++) out.push(sideBySide(gates.map((gate) => weights[i + 3 * gate + kind]!)));
    i += 3 * gates.length - 1;
  }
  return out;
}

/** Matrices, or vectors, joined along their last axis. */
function sideBySide(parts: readonly (Tensor & { name?: string | undefined })[]) {
  const width = parts[0]!.shape.at(-1)!;
  const rows = parts[0]!.data.length / width;
  const data = new Float32Array(rows * width * parts.length);
  parts.forEach((part, i) => {
    for (let row = 0; row < rows; row++) {
      const values = (part.data as Float32Array).subarray(row * width, (row + 1) * width);
      data.set(values, (row * parts.length + i) * width);
    }
  });
  return { data, shape: [...parts[0]!.shape.slice(0, -1), width * parts.length], name: parts[0]!.name };
}

export function readTrainingCase(folder: string): TrainingCase {
  return JSON.parse(readFileSync(join(GOLDENS, folder, "case.json"), "utf8"));
}

/** What is wrong with one form of one training case; undefined if all is well. */
export async function runTrainingGolden(
  folder: string,
  golden: TrainingCase,
  files: GoldenFiles,
): Promise<string | undefined> {
  const model = await loadModel(sourceOf(folder, files));
  const fault = await trainingFault(model, golden);
  model.dispose();
  return fault;
}

/** What is wrong when a model trains as a case tells. */
export async function trainingFault(model: Model, golden: Omit<TrainingCase, "models">): Promise<string | undefined> {
  const saved = model.origin.trainingConfig as Readonly<Record<string, unknown>> | undefined;
  const optimizer = golden.compile["optimizer"] ?? saved?.["optimizer_config"] ?? saved?.["optimizer"];
  const trainer = new Trainer(model.inference, { ...golden.compile, optimizer, build: "simd" });
  if (golden.tags.includes("resume")) {
    resumeFrom(trainer, model.origin, true);
    const leftOut = trainer.notes.find((note) => note.includes("left out"));
    if (leftOut) return leftOut;
  }
  if (golden.gradients) {
    const { x, y, sampleWeight } = golden.batches[0]!;
    const decoded = sampleWeight && [sampleWeight].flat().map(decodeTensor);
    const options = { sampleWeight: decoded && one(decoded) };
    const first = new Trainer(model.inference, { ...golden.compile, optimizer, build: "simd" });
    const got = first.gradients(one(x.map(decodeTensor)) as never, one(y.map(decodeTensor)), options);
    const fault = golden.gradients.map((want, i) => {
      const { parameter, data } = got[i]!;
      const bad = difference({ data, shape: parameter.shape }, decodeTensor(want), golden.weightsTolerance);
      return bad && `gradient of ${want.name}: ${bad}`;
    });
    const bad = fault.find((text) => text);
    if (bad) return bad;
  }
  for (const [i, batch] of golden.batches.entries()) {
    if (batch.reset) trainer.resetStates();
    const weights = batch.sampleWeight && [batch.sampleWeight].flat().map(decodeTensor);
    const logs = trainer.trainOnBatch(one(batch.x.map(decodeTensor)) as never, one(batch.y.map(decodeTensor)), {
      ...(weights && { sampleWeight: one(weights) }),
      ...(golden.classWeight && { classWeight: golden.classWeight }),
    });
    if (!close(logs["loss"]!, golden.losses[i]!, golden.tolerance)) {
      return `loss of batch ${i}: ${logs["loss"]}, Keras ${golden.losses[i]}`;
    }
    for (const [name, values] of Object.entries(golden.metrics)) {
      const got = logs[name];
      if (got === undefined) return `metric ${name} is missing; there are ${Object.keys(logs).join(", ")}`;
      const wanted = [values[i]!].flat();
      const bad = [got].flat().some((value, k) => !close(value, wanted[k] ?? Number.NaN, golden.tolerance));
      if (bad) return `${name} of batch ${i}: ${got}, Keras ${values[i]}`;
    }
  }
  trainer.syncWeights();
  const after = model.getWeights();
  const wanted = fused(golden.weightsAfter.map((tensor) => ({ ...decodeTensor(tensor), name: tensor.name })));
  if (after.length !== wanted.length) return `${after.length} weights, Keras ${wanted.length}`;
  for (const [i, want] of wanted.entries()) {
    const bad = difference(after[i]!, want, golden.weightsTolerance);
    if (bad) return `weight ${want.name}: ${bad}`;
  }
  if (golden.optimizerAfter) {
    const got = trainer.optimizerState();
    if (got.length !== golden.optimizerAfter.length) {
      return `${got.length} optimizer variables, Keras ${golden.optimizerAfter.length}`;
    }
    for (const [i, want] of golden.optimizerAfter.entries()) {
      const data = Float32Array.from(decodeTensor(want).data as Float32Array);
      const bad = difference(got[i]!, { data, shape: want.shape }, golden.weightsTolerance);
      if (bad) return `optimizer ${want.name}: ${bad}`;
    }
  }
  const { evaluate } = golden;
  if (evaluate) {
    const x = one(evaluate.x.map(decodeTensor)) as never;
    const logs = await evaluateHere(trainer, x, one(evaluate.y.map(decodeTensor)), { batchSize: evaluate.batchSize });
    for (const [name, want] of Object.entries(evaluate.result)) {
      if (logs[name] === undefined) return `evaluate: ${name} is missing`;
      if (!close(logs[name], want, golden.tolerance)) return `evaluate: ${name} ${logs[name]}, Keras ${want}`;
    }
  }
  return undefined;
}
