import { describe, expect, it } from "vitest";
import { dense, embedding, gru, sequential } from "../../src/api/build.ts";

const VOCABULARY = 50;
const WIDTH = 3;

function tokens(...rows: number[][]) {
  return { data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] };
}

const table = (scale: number) => Float32Array.from({ length: VOCABULARY * WIDTH }, (_, i) => scale * i);

describe("an embedding's rows", () => {
  it("come to memory as they are asked for, and anew when the weights change", () => {
    const model = sequential([embedding(VOCABULARY, WIDTH)], { build: "simd" });
    const rowsOf = (scale: number, ids: number[]) => ids.flatMap((id) => [0, 1, 2].map((k) => scale * (3 * id + k)));
    const predicted = (...ids: number[]) => [...model.predict(tokens(ids)).data];
    for (const scale of [1, -2, 0.5]) {
      model.setWeights([{ data: table(scale), shape: [VOCABULARY, WIDTH] }]);
      expect(predicted(7, 0, 49, 7)).toEqual(rowsOf(scale, [7, 0, 49, 7]));
      // Other rows, in the same plan and in one of another shape.
      expect(predicted(1, 48, 7, 2)).toEqual(rowsOf(scale, [1, 48, 7, 2]));
      expect(predicted(3, 49)).toEqual(rowsOf(scale, [3, 49]));
    }
  });

  it("are the same for one product a distinct row, a session and another batch", () => {
    const layers = [embedding(VOCABULARY, 8, { maskZero: true }), gru(6, { returnSequences: true }), dense(2)];
    const model = sequential(layers, { seed: 4, build: "simd" });
    const ids = [5, 5, 9, 0, 31, 5, 9, 9];
    const first = [...model.predict(tokens(ids, ids)).data] as number[];
    const session = model.createSession();
    const steps = ids.flatMap((id) => [...session.step(Int32Array.of(id))]);
    expect(steps).toEqual(first.slice(0, first.length / 2));
    expect(() => model.predict(tokens([49, 50]))).toThrow(/index 50 at \[0, 1\] is outside its table of 50 rows/);
    expect([...model.predict(tokens(ids)).data]).toEqual(first.slice(0, first.length / 2));
  });
});
