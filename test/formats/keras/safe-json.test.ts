import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { parseJson } from "../../../src/formats/keras/safe-json.ts";

describe("parseJson", () => {
  it("reads what Python writes", () => {
    expect(parseJson('{"a": NaN, "b": -Infinity, "c": "NaN"}', "x")).toEqual({ a: null, b: null, c: "NaN" });
  });

  it.each(["__proto__", "constructor", "prototype"])("refuses the key %s at any depth", (key) => {
    expect(() => parseJson(`{"layers": [{"config": {"${key}": {"polluted": 1}}}]}`, "x")).toThrow(FormatError);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("refuses deep nesting without running out of stack", () => {
    const depth = 200_000;
    expect(() => parseJson("[".repeat(depth) + "]".repeat(depth), "x")).toThrow(FormatError);
  });

  it("refuses text that is no JSON", () => {
    expect(() => parseJson('{"a": ', "model.json")).toThrow(/model\.json is not valid JSON/);
  });
});
