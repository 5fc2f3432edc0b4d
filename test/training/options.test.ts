import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { modelFromJson } from "../../src/api/build.ts";
import type { Tensor } from "../../src/tensor.ts";
import {
  constraints,
  losses,
  metrics,
  optimizers,
  regularizers,
  schedules,
} from "../../src/training/options/keras-objects.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { expectClose } from "../support/close.ts";

interface Batch {
  readonly x: string;
  readonly y: string;
  readonly yShape: readonly number[];
  readonly w: string;
  readonly wShape: readonly number[];
}

interface Case {
  readonly model: string;
  readonly batches: string;
  readonly weighted: boolean;
  readonly compile: Readonly<Record<string, unknown>>;
  readonly losses: readonly number[];
  readonly metrics: Readonly<Record<string, readonly (number | readonly number[])[]>>;
  /** Weights after the last batch; none where a metric is the option. */
  readonly after?: readonly string[];
}

interface Start {
  readonly config: object;
  readonly shapes: readonly (readonly number[])[];
  readonly weights: readonly string[];
}

/** What Keras computed: test/fixtures/training/make_options.py. */
const KERAS: {
  readonly models: Readonly<Record<string, Start>>;
  readonly batches: Readonly<Record<string, readonly Batch[]>>;
  readonly cases: Readonly<Record<string, Case>>;
} = JSON.parse(readFileSync("test/fixtures/training/options.json", "utf8"));

function floats(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer);
}

async function check({ model: kind, batches, weighted, compile, losses, metrics, after = [] }: Case): Promise<void> {
  const { config, shapes, weights } = KERAS.models[kind]!;
  const model = await modelFromJson(config, { build: "simd" });
  model.setWeights(weights.map((text, i) => ({ data: floats(text), shape: shapes[i]! })));
  const trainer = new Trainer(model.inference, { ...compile, build: "simd" });
  for (const [step, batch] of KERAS.batches[batches]!.entries()) {
    const width = model.inputs[0]!.shape!.at(-1)!;
    const data = floats(batch.x);
    const x: Tensor = { data, shape: [data.length / width, width] };
    const sampleWeight = weighted ? { data: floats(batch.w), shape: batch.wShape } : undefined;
    const logs = trainer.trainOnBatch(x, { data: floats(batch.y), shape: batch.yShape }, { sampleWeight });
    expectClose([logs["loss"]!], [losses[step]!], "training", `loss of batch ${step}`);
    for (const [name, values] of Object.entries(metrics)) {
      expectClose([logs[name]!].flat(), [values[step]!].flat(), "training", `${name} of batch ${step}`);
    }
  }
  trainer.syncWeights();
  const got = model.getWeights();
  for (const [i, want] of after.entries()) {
    expectClose(got[i]!.data as Float32Array, floats(want), "training", `weight ${i}`);
  }
  model.dispose();
}

describe("four batches with one option give Keras' losses, metrics and weights", () => {
  it.each(Object.keys(KERAS.cases))("%s", async (name) => {
    await check(KERAS.cases[name]!);
  });

  it("is there for every class of Keras' that is taken", () => {
    const seen = JSON.stringify(KERAS);
    const taken = { optimizers, schedules, losses, metrics, regularizers, constraints };
    const missing = Object.values(taken).flatMap((classes) =>
      Object.keys(classes).filter((name) => !seen.includes(`"${name}"`)),
    );
    // CTC's targets are sequences: a golden has it. ScheduleFreeAdamW on TensorFlow reads its old momentum after the update;
    // here it does what it does on JAX, as in its paper: continued.test.ts.
    expect(missing).toEqual(["ScheduleFreeAdamW", "CTC"]);
  });
});
