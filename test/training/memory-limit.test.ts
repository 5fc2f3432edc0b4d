import { describe, expect, it } from "vitest";
import { dense, embedding, lstm, sequential } from "../../src/api/build.ts";
import { OptionError } from "../../src/errors.ts";
import { fit } from "../../src/training/fit.ts";
import { stepMemory } from "../../src/training/threads/step-memory.ts";
import { Trainer } from "../../src/training/trainer.ts";

const [SAMPLES, STEPS] = [24, 60];
const x = { data: Int32Array.from({ length: SAMPLES * STEPS }, (_, i) => (i * 13) % 90), shape: [SAMPLES, STEPS] };
const y = Float32Array.from({ length: SAMPLES }, (_, i) => i % 2);
const PAGE = 65536;

function made() {
  const model = sequential([embedding(90, 16), lstm(16, { dropout: 0.2 }), dense(1)], { seed: 3, build: "simd" });
  const options = { optimizer: "adam", loss: "mse", seed: 5 };
  model.compile(options);
  return { model, trainer: new Trainer(model.inference, options) };
}

const weightsOf = ({ trainer }: ReturnType<typeof made>) => trainer.weightArrays().map((array) => [...array]);

describe("the memory of training", () => {
  it("is known before a step runs, and is what the step takes", async () => {
    const { model, trainer } = made();
    const { least, ...told } = await model.trainingMemory(x, y);
    expect(least).toBeLessThan(told.total);
    expect(told).toEqual(stepMemory(trainer, trainer.readBatch(x, y, {}), { parts: 1 }));
    expect(told.total).toBe(told.persistent + told.tape);
    expect(trainer.engine.memory.byteLength).toBeLessThan(told.total);
    trainer.trainOnBatch(x, y);
    const taken = trainer.engine.memory.byteLength;
    expect(taken).toBeGreaterThanOrEqual(told.total);
    expect(taken).toBeLessThan(told.total + 2 * PAGE);
    // Half a batch keeps about half as much.
    const half = await model.trainingMemory(x, y, { shards: 2 });
    expect(half.tape).toBeLessThan(0.6 * told.tape);
  });

  it("is told with the least limit that fit keeps, at the first asking", async () => {
    // The table is so small that it has a gradient of all its rows, which takes its place with the first plan.
    const ids = { data: new Int32Array(8 * 50).fill(3), shape: [8, 50] };
    const labels = { data: new Float32Array(8), shape: [8, 1] };
    const model = sequential([embedding(20, 4), lstm(8), dense(1)], { build: "simd" });
    model.compile({ loss: "mse" });
    const { least } = await model.trainingMemory(ids, labels);
    await expect(model.fit(ids, labels, { memoryLimit: least - 1 })).rejects.toThrow(`give it ${least} bytes`);
    const { notes } = await model.fit(ids, labels, { memoryLimit: least });
    expect(notes.join()).toContain(`within ${least} bytes`);
  });

  it("stays below a limit by taking a batch in parts, with the bits of those parts", async () => {
    const whole = made();
    const { persistent, tape, total } = stepMemory(whole.trainer, whole.trainer.readBatch(x, y, {}), { parts: 1 });
    const limited = made();
    const limit = persistent + Math.round(tape / 2.5);
    const options = { batchSize: SAMPLES, epochs: 2 };
    const { notes } = await fit(limited.trainer, x, y, { ...options, memoryLimit: limit });
    expect(notes).toEqual([`Batches of ${SAMPLES}x${STEPS} are computed in 3 parts, within ${limit} bytes.`]);
    expect(limited.trainer.engine.memory.byteLength).toBeLessThan(limit + 2 * PAGE);
    const parts = made();
    await fit(parts.trainer, x, y, { ...options, shards: 3 });
    expect(weightsOf(limited)).toEqual(weightsOf(parts));
    const enough = made();
    expect((await fit(enough.trainer, x, y, { ...options, memoryLimit: total })).notes).toEqual([]);
    await fit(whole.trainer, x, y, options);
    expect(weightsOf(enough)).toEqual(weightsOf(whole));
  });

  it("refuses a limit that not even a few steps of one sample keep, before anything is trained", async () => {
    const one = made();
    const before = weightsOf(one);
    const run = fit(one.trainer, x, y, { batchSize: SAMPLES, memoryLimit: 60_000 });
    await expect(run).rejects.toThrow(OptionError);
    await expect(run).rejects.toThrow(
      /a batch of 24 takes [\d.]+ MB and, in 24 parts, with \d+ time steps kept .*, [\d.]+ MB; `memoryLimit` is 0\.\d+ MB/,
    );
    expect(weightsOf(one)).toEqual(before);
  });
});
