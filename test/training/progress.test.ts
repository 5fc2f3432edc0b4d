import { describe, expect, it } from "vitest";
import { dense, input, sequential } from "../../src/api/build.ts";
import { streamScreen } from "../../src/platform/node-screen.ts";
import { sequential as nodeSequential } from "../../src/platform/training-node.ts";
import { type ProgressDetail, progressEvents, progressLine } from "../../src/training/callbacks/progress.ts";

const x = { data: Float32Array.from({ length: 40 * 3 }, (_, i) => Math.sin(i)), shape: [40, 3] };
const y = { data: Float32Array.from({ length: 40 }, (_, i) => i % 2), shape: [40, 1] };

function build(make = sequential) {
  const model = make([input([3]), dense(1, { activation: "sigmoid" })]);
  model.compile({ optimizer: "sgd", loss: "mse", metrics: ["accuracy"] });
  return model;
}

/** What a stream got. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  const terminal = { isTTY, columns: 200, cursorTo: () => true, clearLine: () => true, moveCursor: () => true };
  return { written, ...terminal, write: (text: string) => written.push(text) };
}

const END =
  /^5\/5 - \d+s - \d+(us|ms)\/step - accuracy: 0\.\d{4} - loss: 0\.\d{4} - val_accuracy: .* - val_loss: 0\.\d{4}$/;

describe("verbose", () => {
  it("writes a line an epoch where lines cannot be drawn over, as Keras' verbose=2 does", async () => {
    for (const verbose of [1, 2] as const) {
      const out = stream(false);
      const callbacks = [progressLine(streamScreen(out), verbose)];
      await build().fit(x, y, { batchSize: 8, epochs: 2, validationData: [x, y], callbacks });
      const lines = out.written.join("").trimEnd().split("\n");
      expect(lines.map((line) => line.replace(END, "end"))).toEqual(["Epoch 1/2", "end", "Epoch 2/2", "end"]);
    }
  });

  it("draws a bar on a terminal, leaves it there at its end, and puts the terminal right if training fails", async () => {
    const out = stream(true);
    const screen = streamScreen(out);
    await build().fit(x, y, { batchSize: 8, epochs: 2, callbacks: [progressLine(screen)] });
    const text = out.written.join("");
    expect(text).toMatch(/1\/5 ━━━━┄{16} \d+s \d+(us|ms)\/step - accuracy: /);
    expect(text).toMatch(/5\/5 ━{20} \d+s \d+(us|ms)\/step - accuracy: 0\.\d+ - loss: 0\.\d+/);
    expect(text).toMatch(/Epoch 2\/2\n/);
    const failing = { onBatchEnd: () => Promise.reject(new Error("no")) };
    out.written.length = 0;
    const callbacks = [progressLine(screen), failing];
    await expect(build().fit(x, y, { batchSize: 8, callbacks })).rejects.toThrow("no");
    // Line wrapping is off while a bar is drawn.
    expect(out.written.filter((part) => part === "\u001b[?7l")).toHaveLength(1);
    expect(out.written.filter((part) => part === "\u001b[?7h")).toHaveLength(1);
  });

  it("counts batches of an iterable of unknown length", async () => {
    const out = stream(true);
    const list = Array.from({ length: 3 }, () => [x, y]);
    await build().fit(() => list, undefined, { callbacks: [progressLine(streamScreen(out))] });
    expect(out.written.join("")).toMatch(/3\/unknown \d+s /);
  });

  it("goes to standard output, is silent by default, and refuses what it does not know", async () => {
    const write = process.stdout.write;
    const got: string[] = [];
    const isTTY = process.stdout.isTTY;
    process.stdout.isTTY = false;
    process.stdout.write = ((text: string) => got.push(text) > 0) as typeof write;
    try {
      const model = build(nodeSequential as typeof sequential);
      await model.fit(x, y);
      expect(got).toEqual([]);
      await model.fit(x, y, { verbose: 2 });
    } finally {
      process.stdout.write = write;
      process.stdout.isTTY = isTTY;
    }
    expect(got.join("")).toMatch(/^Epoch 1\/1\n2\/2 - /);
    await expect(build().fit(x, y, { verbose: 3 as 2 })).rejects.toThrow('`verbose` must be 0, 1, 2 or "auto"; got 3');
  });
});

describe("progressEvents", () => {
  it("tells the beginning and end of training and epochs, and batches in between", async () => {
    const target = new EventTarget();
    const seen: [string, ProgressDetail][] = [];
    for (const type of "trainbegin epochbegin batchend epochend trainend".split(" ")) {
      target.addEventListener(type, (event) => seen.push([type, (event as CustomEvent<ProgressDetail>).detail]));
    }
    const { history } = await build().fit(x, y, { batchSize: 8, epochs: 2, callbacks: [progressEvents(target)] });
    const types = seen.map(([type]) => type);
    expect(types.filter((type) => type !== "batchend")).toEqual(
      "trainbegin epochbegin epochend epochbegin epochend trainend".split(" "),
    );
    expect(types).toContain("batchend");
    const last = seen.findLast(([type]) => type === "epochend")![1];
    expect(last).toMatchObject({ epoch: 1, epochs: 2, batch: 5, steps: 5 });
    expect(last.logs["loss"]).toBe(history["loss"]![1]);
  });
});
