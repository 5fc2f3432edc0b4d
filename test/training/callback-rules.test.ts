import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { callbackOf } from "../../src/training/callbacks/callback-config.ts";
import { type FitRun, reduceLROnPlateau } from "../../src/training/callbacks/callbacks.ts";

interface Case {
  readonly callback: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly values: readonly number[];
  readonly fits: readonly { readonly rates: readonly number[]; readonly weights: number }[];
}

/** What Keras' callbacks did: test/fixtures/training/make_callbacks.py. */
const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync("test/fixtures/training/callbacks.json", "utf8"),
);

describe("callbacks do epoch by epoch what Keras' do, in a second fit, too", () => {
  it.each(
    cases.map((given) => [`${given.callback} ${JSON.stringify(given.options)} on ${given.values}`, given] as const),
  )("%s", (_, { callback: name, options, values, fits }) => {
    const callback = callbackOf(name, options);
    const monitor = (options["monitor"] as string | undefined) ?? "val_loss";
    const trainer = {
      learningRate: Math.fround(0.1),
      weights: 0,
      weightArrays: () => [Float32Array.of(trainer.weights)],
      setWeightArrays([values]: readonly Float32Array[]) {
        trainer.weights = values![0]!;
      },
    };
    const run = { trainer, stopTraining: false } as unknown as FitRun;
    for (const want of fits) {
      run.stopTraining = false;
      callback.onTrainBegin?.(run);
      const rates: number[] = [];
      for (const [epoch, value] of values.entries()) {
        callback.onEpochBegin?.(epoch, run);
        trainer.weights = epoch;
        callback.onEpochEnd?.(epoch, { [monitor]: value }, run);
        trainer.learningRate = Math.fround(trainer.learningRate);
        rates.push(trainer.learningRate);
        if (run.stopTraining) break;
      }
      callback.onTrainEnd?.(run);
      expect({ rates, weights: trainer.weights }).toEqual(want);
    }
  });

  it("refuses a factor that would not lower the rate, as Keras does", () => {
    expect(() => reduceLROnPlateau({ factor: 1 })).toThrow(/`factor` must be a number below 1; got 1/);
  });
});
