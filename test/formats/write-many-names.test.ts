import { expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { dense, input, sequential } from "../../src/platform/training-node.ts";

it("splits lists of names that pass one attribute's 64 KB, and reads them back", async () => {
  const long = "a".repeat(300);
  const layers = Array.from({ length: 240 }, (_, i) => dense(1, { name: `${long}${i}` }));
  const model = sequential([input([2]), ...layers]);
  const { files } = await model.export("h5");
  const again = await loadModel(Object.values(files)[0]!);
  const x = [[0.5, -1]];
  expect([...again.predict(x).data]).toEqual([...model.predict(x).data]);
  expect(again.getWeights()).toHaveLength(480);
  model.dispose();
  again.dispose();
});
