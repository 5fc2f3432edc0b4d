import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ACTIVATION_CODES } from "../src/engine/activation-codes.ts";
import { KERNELS } from "../src/engine/kernels.ts";
import { relaxedWasm, simdWasm } from "../src/engine/wasm-bytes.ts";
import { bytesOfText } from "../src/engine/wasm-text.ts";
import * as training from "../src/training/wasm-bytes.ts";
import { buildBytes } from "./support/kernels.ts";

/** Exported functions of a module and how many parameters each takes, from its text (Node 20 cannot compile relaxed). */
function exportsOf(build: string): Map<string, number> {
  const text = readFileSync(new URL(`../build/${build}.wat`, import.meta.url), "utf8");
  const found = new Map<string, number>();
  for (const [, name, target] of text.matchAll(/\(export "([^"]+)" \(func \$([^\s)]+)\)\)/g)) {
    const start = text.indexOf(`(func $${target} `);
    const head = start < 0 ? "" : text.slice(start, text.indexOf("\n", start));
    found.set(name!, [...head.matchAll(/\(param /g)].length);
  }
  return found;
}

describe.each(["simd", "relaxed"] as const)("%s", (build) => {
  test("exports the table's kernels with the table's parameters, and nothing else", () => {
    const table = Object.entries(KERNELS).map(([name, parameters]) => [name, parameters.length]);
    expect(Object.fromEntries(exportsOf(build))).toEqual(Object.fromEntries(table));
  });

  test("imports its memory alone", () => {
    const text = readFileSync(new URL(`../build/${build}.wat`, import.meta.url), "utf8");
    expect([...text.matchAll(/\(import "([^"]+)" "([^"]+)"/g)].map((match) => `${match[1]}.${match[2]}`)).toEqual([
      "env.memory",
    ]);
  });
});

test("a simd build is valid on every engine", () => {
  expect(WebAssembly.validate(buildBytes("simd"))).toBe(true);
});

test("activation codes are the same on both sides", () => {
  const source = readFileSync(new URL("../assembly/math/activations.ts", import.meta.url), "utf8");
  const body = /enum Activation \{([^}]*)\}/.exec(source)?.[1] ?? "";
  const codes = Object.fromEntries([...body.matchAll(/(\w+) = (\d+)/g)].map(([, name, code]) => [name, Number(code)]));
  expect(codes).toEqual(ACTIVATION_CODES);
});

test.each([
  ["simd", simdWasm],
  ["relaxed", relaxedWasm],
  ["training-simd", training.simdWasm],
  ["training-relaxed", training.relaxedWasm],
])("the inlined text of %s is the built file", (name, textOf) => {
  const text = textOf();
  const built = readFileSync(new URL(`../build/${name}.wasm`, import.meta.url));
  expect(Buffer.compare(bytesOfText(text), built)).toBe(0);
  expect(text).toMatch(/^[ !#%&()*+,\-./0-9:;=>?@A-Z[\]^_a-z{|}~]*$/);
});
