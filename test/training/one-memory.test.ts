import { describe, expect, it } from "vitest";
import * as build from "../../src/api/build.ts";
import type { Platform } from "../../src/api/source.ts";
import type { ToWorker, TrainingRequest } from "../../src/api/workers/worker-messages.ts";
import type { FitOptions } from "../../src/training/options/fit-options.ts";
import { portInPlace } from "../support/port-in-place.ts";

const { dense, embedding, lstm } = build;
const [VOCABULARY, WIDTH] = [50, 8];

/** What the workers of a run were asked for. */
type Request<Kind> = Extract<TrainingRequest, { kind: Kind }>;

/** Trains the same model on one thread and on several, in the simd build. */
async function both(
  fit: (options: FitOptions) => FitData,
  compiled: object,
  table: Readonly<Record<string, unknown>> = {},
  workers = 2,
) {
  const requests: TrainingRequest[] = [];
  const run = async (options: FitOptions) => {
    const seen: ToWorker[] = [];
    const platform = { open: () => Promise.reject(new Error("no files")), spawn: () => portInPlace(seen) };
    const { sequential } = build.buildersFor(platform as unknown as Platform);
    const layers = [embedding(VOCABULARY, WIDTH, table), lstm(6), dense(1)];
    const model = sequential(layers, { seed: 3, build: "simd" });
    model.compile({ loss: "mse", ...compiled });
    const { x, y, options: given } = fit(options);
    await model.fit(x as never, y as never, given);
    requests.push(...seen.flatMap((message) => (message.kind === "train" ? [message.request] : [])));
    const bits = model.getWeights().map(({ data }) => [...new Uint32Array((data as Float32Array).slice().buffer)]);
    model.dispose();
    return bits;
  };
  const [one, several] = [await run({ shards: workers }), await run({ workers })];
  const of = <Kind extends TrainingRequest["kind"]>(kind: Kind) =>
    requests.filter((request): request is Request<Kind> => request.kind === kind);
  return { one, several, of };
}

interface FitData {
  readonly x: unknown;
  readonly y?: unknown;
  readonly options: FitOptions;
}

function batchOf(rows: number, steps: number, seed = 0) {
  const ids = Int32Array.from({ length: rows * steps }, (_, i) => (i * i * 7 + 3 * i + seed) % VOCABULARY);
  const targets = Float32Array.from({ length: rows }, (_, i) => ((i + seed) * 5) % 3);
  return [
    { data: ids, shape: [rows, steps] },
    { data: targets, shape: [rows, 1] },
  ] as const;
}

const [x, y] = batchOf(23, 6);
const fit = (options: FitOptions): FitData => ({ x, y, options: { batchSize: 11, epochs: 3, ...options } });
const adam = { optimizer: { className: "Adam", config: { learningRate: 0.02 } } };

describe("training threads over one memory", () => {
  it("update rows of their own of a table, and give the bits of one thread", async () => {
    for (const workers of [2, 3]) {
      // 23 samples by 11: the last batch has one, which no second thread sees.
      const { one, several, of } = await both(fit, adam, {}, workers);
      expect(several).toEqual(one);
      const calls = of("call");
      expect(calls).toHaveLength(2 * 3 * (workers - 1));
      const ranges = calls.slice(0, workers - 1).map(({ calls: [, ...others] }) => {
        const { args } = others.find(({ kernel }) => kernel === "adamRows")!;
        return args.slice(5, 7);
      });
      const border = (i: number) => Math.round((i * VOCABULARY) / workers);
      expect(ranges).toEqual(ranges.map((_, i) => [border(i + 1), border(i + 2)]));
      // Neither weights nor gradients are sent.
      expect([...of("state"), ...of("update")]).toEqual([]);
    }
  });

  it("do so with weight decay and with amsgrad", async () => {
    for (const config of [{ weightDecay: 0.02 }, { amsgrad: true }]) {
      const optimizer = { className: "AdamW", config: { learningRate: 0.02, ...config } };
      const { one, several, of } = await both(fit, { optimizer });
      expect(several).toEqual(one);
      expect(of("call")).toHaveLength(6);
    }
  });

  it("leave to one thread what needs the whole table, with the same bits", async () => {
    const cases = [
      [{ optimizer: "rmsprop" }, {}],
      [{ optimizer: { className: "Adam", config: { globalClipnorm: 0.1 } } }, {}],
      [{ optimizer: { className: "Adam", config: { useEma: true } } }, {}],
      [adam, { embeddingsRegularizer: "l2" }],
      [adam, { embeddingsConstraint: "unitNorm" }],
    ] as const;
    for (const [compiled, table] of cases) {
      const { one, several, of } = await both(fit, compiled, table);
      expect(several, JSON.stringify([compiled, table])).toEqual(one);
      expect(of("call")).toEqual([]);
      expect(of("update")).toEqual([]);
    }
  });

  it("take a new block where longer batches need one, and none where they do not", async () => {
    const lengths = [4, 5, 40, 6, 90, 90];
    function* batches() {
      for (const [i, steps] of lengths.entries()) yield batchOf(10, steps, i);
    }
    const { one, several, of } = await both((options) => ({ x: batches(), options: { epochs: 1, ...options } }), adam);
    expect(several).toEqual(one);
    const homes = of("compile").map(({ home }) => home!);
    expect(homes.length).toBeGreaterThan(1);
    expect(homes.length).toBeLessThan(5);
    for (const [i, home] of homes.entries()) {
      expect(home.end - home.first).toBeGreaterThan(i === 0 ? 0 : homes[i - 1]!.end - homes[i - 1]!.first);
      if (i > 0) expect(home.first).toBeGreaterThanOrEqual(homes[i - 1]!.end);
    }
  });
});
