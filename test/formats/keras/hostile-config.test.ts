import { expect, test } from "vitest";
import { FormatError, RnnWasmError } from "../../../src/errors.ts";
import { writeHdf5 } from "../../../src/formats/hdf5/index.ts";
import { loadModel } from "../../../src/platform/node.ts";

/** A file of weights that has none. */
const nothing = writeHdf5({
  attributes: { layer_names: ["l"], keras_version: "2.2.4", backend: "tensorflow" },
  children: new Map([["l", { attributes: { weight_names: [] }, children: new Map() }]]),
});
const sequential = (layers: readonly object[]) => ({
  class_name: "Sequential",
  keras_version: "2.2.4",
  config: { name: "m", layers },
});
const layer = (class_name: string, config: object) => ({ class_name, config: { name: "l", ...config } });
const first = { batch_input_shape: [null, 5, 3] };
const relu = (i: number) => layer("Activation", { name: `a${i}`, activation: "relu", ...(i === 0 && first) });

/** Loads a hostile architecture; the error's text and what loading took. */
async function attempt(json: object): Promise<{ error: unknown; milliseconds: number }> {
  const text = JSON.stringify(json);
  const start = performance.now();
  try {
    (await loadModel({ json: text, weights: nothing })).dispose();
    return { error: undefined, milliseconds: performance.now() - start };
  } catch (error) {
    return { error, milliseconds: performance.now() - start };
  }
}

test("a million layers are refused before they are made", async () => {
  const { error, milliseconds } = await attempt(sequential(Array.from({ length: 300_000 }, (_, i) => relu(i))));
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(/lists 300000 layers or more; at most 20000 are read/);
  expect(milliseconds).toBeLessThan(3000);
});

test("many layers in many nested models count together", async () => {
  const inner = (k: number) => ({
    class_name: "Sequential",
    config: { name: `n${k}`, layers: Array.from({ length: 1000 }, (_, i) => relu(i)) },
  });
  const { error } = await attempt(sequential(Array.from({ length: 30 }, (_, k) => inner(k))));
  expect(String(error)).toMatch(/at most 20000 are read/);
});

test.each([
  [1e9, "LSTM"],
  [1e9, "GRU"],
  [2 ** 31, "Dense"],
])("%d units without weights take no memory: %s", async (units, className) => {
  const before = process.memoryUsage().rss;
  const { error, milliseconds } = await attempt(sequential([layer(className, { units, ...first })]));
  expect(error).toBeInstanceOf(RnnWasmError);
  expect(milliseconds).toBeLessThan(500);
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
});

test("sizes that only a prediction would need cost nothing at loading, and a named error then", async () => {
  const json = sequential([
    layer("UpSampling1D", { name: "a", size: 1e9, ...first }),
    layer("UpSampling1D", { name: "b", size: 1e9 }),
  ]);
  const start = performance.now();
  const model = await loadModel({ json: JSON.stringify(json), weights: nothing });
  expect(() => model.predict({ data: new Float32Array(15), shape: [1, 5, 3] })).toThrow(RnnWasmError);
  expect(performance.now() - start).toBeLessThan(1000);
});

test("a graph that doubles its width at every step is not unfolded", async () => {
  const steps = 60;
  const entry = (name: string, className: string, config: object, nodes: readonly unknown[]) => ({
    class_name: className,
    name,
    config: { name, ...config },
    inbound_nodes: nodes,
  });
  const layers = [entry("x0", "InputLayer", { batch_input_shape: [null, 4] }, [])];
  for (let i = 1; i <= steps; i++) {
    const before = [`x${i - 1}`, 0, 0, {}];
    layers.push(entry(`x${i}`, "Concatenate", { axis: -1 }, [[before, before]]));
  }
  const json = {
    class_name: "Model",
    keras_version: "2.2.4",
    config: { name: "m", layers, input_layers: [["x0", 0, 0]], output_layers: [[`x${steps}`, 0, 0]] },
  };
  const start = performance.now();
  const model = await loadModel({ json: JSON.stringify(json), weights: nothing });
  expect(() => model.predict({ data: new Float32Array(4), shape: [1, 4] })).toThrow(RnnWasmError);
  expect(performance.now() - start).toBeLessThan(1000);
});
