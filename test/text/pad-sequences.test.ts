import { describe, expect, it } from "vitest";
import { OptionError, ShapeError } from "../../src/errors.ts";
import { type PaddableSequence, type PadSequencesOptions, padSequences } from "../../src/text/index.ts";
import { readFixture } from "./fixtures.ts";

interface PaddingCase {
  sequences: PaddableSequence[];
  options: PadSequencesOptions;
  shape: number[];
  data: (number | string)[];
}

describe("padSequences", () => {
  const cases = readFixture<PaddingCase[]>("padding");
  it.each(cases.map((c) => [JSON.stringify([c.sequences, c.options]), c] as const))("as Keras: %s", (_, expected) => {
    const { data, shape } = padSequences(expected.sequences, expected.options);
    expect(shape).toEqual(expected.shape);
    expect(Array.from<number | string>(data)).toEqual(expected.data);
  });

  it("gives the array of its dtype", () => {
    expect(padSequences([[1]]).data).toBeInstanceOf(Int32Array);
    expect(padSequences([[1]], { dtype: "float32" }).data).toBeInstanceOf(Float32Array);
    expect(padSequences([["a"], []], { dtype: "string" }).data).toEqual(["a", ""]);
  });

  it("takes typed arrays, and no sequences at all if maxlen is given", () => {
    expect(padSequences([Int32Array.of(1, 2, 3)], { maxlen: 2 })).toEqual({ data: Int32Array.of(2, 3), shape: [1, 2] });
    expect(padSequences([], { maxlen: 2 })).toEqual({ data: new Int32Array(0), shape: [0, 2] });
    expect(() => padSequences([])).toThrow("no sequences");
  });

  it("keeps the ends of int32 and refuses what is beyond", () => {
    expect([...padSequences([[2147483647, -2147483648]]).data]).toEqual([2147483647, -2147483648]);
    for (const number of [2147483648, -2147483649, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => padSequences([[1], [2, number]])).toThrow(ShapeError);
    }
    expect(() => padSequences([[1], [2, 3e9]])).toThrow("`sequences[1][1]` is 3000000000");
  });

  it("refuses steps of different shapes and kinds", () => {
    expect(() => padSequences([[[1, 2], [3]]])).toThrow(
      "`sequences[0][1]` has 1 elements; the first step's shape is [2]",
    );
    expect(() => padSequences([[1, [2]]])).toThrow(ShapeError);
    expect(() => padSequences([["a"]])).toThrow('"a", not a number');
    expect(() => padSequences([[1]], { dtype: "string" })).toThrow("must be a string");
    expect(() => padSequences(["abc" as unknown as number[]])).toThrow("no sequence");
    expect(() => padSequences([null as unknown as number[]])).toThrow("no sequence");
  });

  it("refuses options that do not exist", () => {
    const bad = [{ padding: "left" }, { truncating: "right" }, { dtype: "int8" }, { maxlen: 0 }, { maxlen: 1.5 }];
    for (const options of bad) expect(() => padSequences([[1]], options as PadSequencesOptions)).toThrow(OptionError);
    expect(() => padSequences([[1]], { value: "pad" })).toThrow("no int32");
    expect(() => padSequences([["a"]], { dtype: "string", value: 0 })).toThrow("no string");
  });
});
