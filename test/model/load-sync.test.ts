import { expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { loadModelSync } from "../../src/platform/node.ts";

it.each(["", "garbage", "[1]", '{"format":"other"}', new Uint8Array([1, 2, 3])])(
  "loadModelSync refuses %j with a FormatError",
  (json) => {
    expect(() => loadModelSync({ json, weights: new Uint8Array() })).toThrow(FormatError);
  },
);
