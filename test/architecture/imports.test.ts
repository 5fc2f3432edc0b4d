import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: withoutComments(readFileSync(join(root, "src", name), "utf8")) }));

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}

/** Files that match, but for those that may. */
function offenders(pattern: RegExp, allowed: RegExp): string[] {
  return files.filter(({ name, text }) => !allowed.test(name) && pattern.test(text)).map(({ name }) => name);
}

// Import directions themselves are .dependency-cruiser.cjs's.
describe("the floor plan", () => {
  it("keeps WebAssembly in the engine; elsewhere it is a type or a message only", () => {
    const uses = /new WebAssembly\.|WebAssembly\.(compile|instantiate|validate|Module\.)/;
    expect(offenders(uses, /^engine\//)).toEqual([]);
  });

  it("keeps Node, fetch and timers at the rim", () => {
    const uses = /\bprocess\.|\bBuffer\.|\bsetTimeout\(|\bsetInterval\(|\bawait fetch\(|from "node:/;
    expect(offenders(uses, /^(platform|cli)\//)).toEqual([]);
  });

  it("keeps engines' own exp, tanh and log off the numeric path", () => {
    const uses = /\bMath\.(exp|expm1|tanh|log|log1p|log2|log10|pow|sin|cos|tan|sinh|cosh|cbrt)\(/;
    expect(offenders(uses, /^(text|cli|formats)\//)).toEqual([]);
  });

  it("names no path of the machine that it was written on", () => {
    expect(offenders(/["'`]\/(work|tmp|home|root)\//, /^$/)).toEqual([]);
  });
});
