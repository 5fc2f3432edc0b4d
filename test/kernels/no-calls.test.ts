import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** Name → body of every function of a text module. */
function functionsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(/\n \(func \$/).slice(1)) found.set(part.slice(0, part.search(/[\s)]/)), part);
  return found;
}

/** The bodies of the innermost loops of a function. */
function innermostLoops(body: string): string[] {
  const loops: string[] = [];
  const lines = body.split("\n");
  lines.forEach((line, i) => {
    const start = /^( *)loop\b/.exec(line);
    if (!start) return;
    const end = lines.findIndex((other, j) => j > i && other === `${start[1]}end`);
    const inner = lines.slice(i + 1, end);
    if (!inner.some((other) => /^ *loop\b/.test(other))) loops.push(inner.join("\n"));
  });
  return loops;
}

describe.each(["simd", "relaxed"])("%s", (build) => {
  const functions = functionsOf(readFileSync(new URL(`../../build/${build}.wat`, import.meta.url), "utf8"));
  const named = (part: string) => [...functions].filter(([name]) => name.includes(part)).map(([, body]) => body);

  test("the product's loops call nothing", () => {
    const loops = named("matrix/multiply").flatMap(innermostLoops);
    const busy = loops.filter((loop) => /f32x4\.(mul|relaxed_madd)/.test(loop));
    expect(busy.length).toBeGreaterThanOrEqual(5);
    for (const loop of busy) expect(loop).not.toMatch(/\bcall\b/);
  });

  test.each(["cells/lstm-forward", "cells/gru-forward", "math/activation-forward"])(
    "the loops of %s with the usual activations call nothing",
    (path) => {
      const loops = named(path).flatMap(innermostLoops);
      // tanh and sigmoid written out: a division and a dozen products.
      const busy = loops.filter((loop) => (loop.match(/f32x4\.(mul|relaxed_madd)/g) ?? []).length >= 8);
      expect(busy.length).toBeGreaterThan(0);
      for (const loop of busy) expect(loop).not.toMatch(/\bcall\b/);
    },
  );

  test("multiply and add are fused in the relaxed build alone", () => {
    const loops = named("matrix/multiply").flatMap(innermostLoops).join("\n");
    if (build === "simd") expect(loops).not.toContain("relaxed");
    else expect(loops).not.toContain("f32x4.mul");
  });
});
