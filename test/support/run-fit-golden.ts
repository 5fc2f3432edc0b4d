import { loadModel } from "../../src/platform/node.ts";
import { callbackOf } from "../../src/training/callbacks/callback-config.ts";
import { type Callback, learningRateScheduler } from "../../src/training/callbacks/callbacks.ts";
import { fit } from "../../src/training/fit.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { decodeTensor, difference, type GoldenTensor, sourceOf } from "./goldens.ts";
import { one, readTrainingCase, type TrainingCase } from "./run-training-golden.ts";

interface FitCase extends TrainingCase {
  readonly fit: {
    readonly batchSize: number;
    readonly epochs: number;
    readonly validationSplit?: number;
    readonly callbacks?: readonly { class_name: string; config: Readonly<Record<string, unknown>> }[];
  };
  readonly data: {
    readonly x: readonly GoldenTensor[];
    readonly y: readonly GoldenTensor[];
    readonly sampleWeight?: GoldenTensor | readonly GoldenTensor[];
  };
  readonly validation?: { readonly x: readonly GoldenTensor[]; readonly y: readonly GoldenTensor[] };
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly number[];
}

function callback(className: string, config: Readonly<Record<string, unknown>>): Callback {
  if (className === "LearningRateScheduler") {
    const factor = /^lr \* ([\d.]+) \*\* epoch$/.exec(String(config["schedule"]))?.[1];
    if (!factor) throw new Error(`no schedule ${String(config["schedule"])}`);
    return learningRateScheduler((epoch, rate) => rate * Number(factor) ** epoch);
  }
  const camel = Object.entries(config).map(([key, value]) => [
    key.replace(/_(\w)/g, (_, c: string) => c.toUpperCase()),
    value,
  ]);
  return callbackOf(className, Object.fromEntries(camel) as Record<string, unknown>);
}

/** What is wrong with a whole fit; undefined if all is well. */
export async function runFitGolden(folder: string): Promise<string | undefined> {
  const golden = readTrainingCase(folder) as FitCase;
  const model = await loadModel(sourceOf(folder, golden.models[0]!));
  const trainer = new Trainer(model.inference, { ...golden.compile, build: "simd" });
  const { x, y, sampleWeight } = golden.data;
  const tensors = (list: readonly GoldenTensor[]) => one(list.map(decodeTensor));
  const { validation, classWeight } = golden;
  const { history, epoch } = await fit(trainer, tensors(x), tensors(y), {
    batchSize: golden.fit.batchSize,
    epochs: golden.fit.epochs,
    shuffle: false,
    callbacks: (golden.fit.callbacks ?? []).map((spec) => callback(spec.class_name, spec.config)),
    ...(golden.fit.validationSplit && { validationSplit: golden.fit.validationSplit }),
    ...(validation && { validationData: [tensors(validation.x), tensors(validation.y)] }),
    ...(sampleWeight && { sampleWeight: tensors([sampleWeight].flat()) }),
    ...(classWeight && { classWeight }),
  });
  if (epoch.map((n) => n + 1).join() !== golden.epochs.join()) return `epochs ${epoch}, Keras ${golden.epochs}`;
  for (const [key, values] of Object.entries(golden.history)) {
    const got = history[key];
    if (!got) return `${key} is missing; there are ${Object.keys(history).join(", ")}`;
    const { abs, rel } = golden.tolerance;
    const bad = values.findIndex((want, i) => !(Math.abs(got[i]! - want) <= abs + rel * Math.abs(want)));
    if (bad >= 0) return `${key} of epoch ${bad}: ${got[bad]}, Keras ${values[bad]}`;
  }
  trainer.syncWeights();
  const after = model.getWeights();
  for (const [i, want] of golden.weightsAfter.entries()) {
    const bad = difference(after[i]!, decodeTensor(want), golden.weightsTolerance);
    if (bad) return `weight ${want.name}: ${bad}`;
  }
  model.dispose();
  return undefined;
}
