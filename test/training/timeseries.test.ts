import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Callback, dense, gru, input, sequential } from "../../src/platform/training-node.ts";
import type { Tensor } from "../../src/tensor.ts";
import { timeseriesDatasetFromArray } from "../../src/training/data/timeseries.ts";
import { weightNumbers } from "../support/small-model.ts";

interface Case {
  readonly options: Readonly<Record<string, unknown>>;
  readonly targets: "none" | "all" | "from 7";
  readonly batches: "error" | readonly (Plain | readonly Plain[])[];
}

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const cases: readonly Case[] = JSON.parse(
  readFileSync(new URL("../fixtures/timeseries/windows.json", import.meta.url), "utf8"),
);
const data = { data: Float32Array.from({ length: 60 }, (_, i) => i), shape: [30, 2] };
const targets = Float32Array.from({ length: 30 }, (_, i) => i * 10);
const plain = ({ shape, data: numbers }: Tensor): Plain => ({ shape, data: [...numbers].map(Number) });

describe("timeseriesDatasetFromArray", () => {
  it.each(cases)("gives Keras' batches: $options, targets $targets", ({ options, targets: which, batches }) => {
    const make = () =>
      which === "none"
        ? [...timeseriesDatasetFromArray(data, null, options)].map(plain)
        : [...timeseriesDatasetFromArray(data, which === "all" ? targets : targets.slice(7), options)].map((pair) =>
            pair.map(plain),
          );
    if (batches === "error") expect(make).toThrow(/targets/);
    else expect(make()).toEqual(batches);
  });

  it("shuffles windows with their targets, by seed and epoch", () => {
    const options = { sequenceLength: 3, batchSize: 4, shuffle: true, seed: 5 };
    const dataset = timeseriesDatasetFromArray(data, targets, options);
    const places = (batches: Iterable<[Tensor, Tensor]>) => [...batches].flatMap(([, y]) => [...y.data].map(Number));
    for (const [x, y] of dataset) {
      for (let i = 0; i < y.data.length; i++) expect(x.data[i * 6]).toBe((y.data[i] as number) / 5);
    }
    expect(dataset.length).toBe(7);
    expect(places(dataset)).not.toEqual(places(dataset.epoch(1)));
    expect(places(dataset)).toEqual(places(timeseriesDatasetFromArray(data, targets, options)));
    expect(places(dataset).toSorted((a, b) => a - b)).toEqual([...targets.slice(0, 28)]);
    expect(places(dataset.take(2))).toEqual(places(dataset).slice(0, 8));
  });

  it("trains, shuffled anew in each epoch, and resumes from a checkpoint bit for bit", async () => {
    const make = () => {
      const model = sequential([gru(4), dense(1)], { seed: 1 });
      model.compile({ loss: "mse", optimizer: "adam", build: "simd" });
      return model;
    };
    const series = { data: data.data.map((value) => Math.sin(value / 9)), shape: data.shape };
    const dataset = timeseriesDatasetFromArray(series, series.data.slice(0, 30), {
      ...{ sequenceLength: 3, batchSize: 4, shuffle: true },
    });
    let kept: Uint8Array | undefined;
    const whole = make();
    const steps: (number | undefined)[] = [];
    const keeps: Callback = {
      onTrainBegin: ({ params }) => void steps.push(params.steps),
      onBatchEnd(batch, _logs, run) {
        if (batch === 5) kept ??= run.checkpoint();
      },
    };
    await whole.fit(dataset, { epochs: 3, validationData: dataset, callbacks: keeps });
    expect(steps).toEqual([7]);
    const resumed = make();
    await resumed.fit(dataset, { epochs: 3, resume: kept! });
    expect(weightNumbers(resumed)).toEqual(weightNumbers(whole));
  });

  it("goes on from epoch to epoch where stepsPerEpoch cuts them", async () => {
    const seen: number[] = [];
    const dataset = timeseriesDatasetFromArray(data, targets, { sequenceLength: 3, batchSize: 4 });
    const model = sequential([input([3, 2]), gru(2), dense(1)], { seed: 1 });
    model.compile({ loss: "mse" });
    const watched = {
      *epoch(n: number) {
        for (const batch of dataset.epoch(n)) {
          seen.push(Number(batch[1].data[0]));
          yield batch;
        }
      },
    };
    await model.fit(watched, { epochs: 2, stepsPerEpoch: 3 });
    expect(seen).toEqual([0, 40, 80, 120, 160, 200]);
  });

  it("refuses what Keras refuses, and unknown options", () => {
    const make = (options: Readonly<Record<string, unknown>>) => () => timeseriesDatasetFromArray(data, null, options);
    expect(make({})).toThrow(/`sequenceLength` must be a whole number ≥ 1; got undefined/);
    expect(make({ sequenceLength: 3, sequenceStrid: 2 })).toThrow(/Did you mean "sequenceStride"/);
    expect(make({ sequenceLength: 3, startIndex: 30 })).toThrow(/none of the data's 30/);
    expect(make({ sequenceLength: 3, endIndex: 31 })).toThrow(/none of the data's 30/);
    expect(make({ sequenceLength: 3, batchSize: 0 })).toThrow(/batchSize/);
    expect(make({ sequenceLength: 3, shuffle: "yes" })).toThrow(/shuffle/);
  });
});
