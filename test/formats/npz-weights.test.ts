import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, RnnWasmError } from "../../src/errors.ts";
import { pickledNpy, readNpz } from "../../src/formats/npy.ts";
import { isObject, readPickle } from "../../src/formats/pickle.ts";
import { readZip } from "../../src/formats/zip.ts";
import { writeZip } from "../../src/formats/zip-write.ts";
import { loadModel } from "../../src/platform/node.ts";
import type { Tensor } from "../../src/tensor.ts";
import { expectClose } from "../support/close.ts";

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../fixtures/npz/${name}`, import.meta.url)));

/** An archive with another file of weights. */
function withWeights(archive: Uint8Array, change: (members: [string, Uint8Array][]) => void): Uint8Array {
  const outer = readZip(archive);
  const inner = readZip(outer.get("model.weights.npz")!);
  const members = inner.names().map((name): [string, Uint8Array] => [name, new Uint8Array(inner.get(name)!)]);
  change(members);
  return writeZip(
    outer.names().map((name) => [name, name === "model.weights.npz" ? writeZip(members) : outer.get(name)!]),
  );
}

describe(".keras files whose weights are npz", () => {
  it.each(["3.15.1", "3.0.5"])("of Keras %s give its outputs", async (version) => {
    const { x, y } = Object.fromEntries(readNpz(fixture(`keras-${version}-io.npz`)));
    const model = await loadModel(fixture(`keras-${version}.keras`));
    const got = model.predict({ data: x!.data as Float32Array, shape: x!.shape }) as Tensor;
    expectClose(got.data as Float32Array, y!.data as Float32Array, "sequence");
    model.dispose();
  });

  it("are refused by name, whatever bytes of their pickles change", async () => {
    const archive = fixture("keras-3.15.1.keras");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (which, changes) => {
          const damaged = withWeights(archive, (members) => {
            const member = members[which % members.length]![1];
            for (const [at, value] of changes) member[128 + (at % (member.length - 128))] = value;
          });
          try {
            (await loadModel(damaged)).dispose();
          } catch (error) {
            expect(error).toBeInstanceOf(RnnWasmError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("pickles", () => {
  const ascii = (text: string) => new TextEncoder().encode(text);

  it("describe calls and make none", () => {
    const value = readPickle(ascii("cos\nsystem\n(X\u0004\u0000\u0000\u0000exittR."));
    expect(isObject(value) && value.of).toEqual({ kind: "symbol", name: "os.system" });
    expect(isObject(value) && value.args).toEqual(["exit"]);
  });

  it.each([
    ["nothing", ""],
    ["no end", "N"],
    ["nothing on the stack", "."],
    ["a mark for a value", "(."],
    ["a memory that is empty", "h\u0000."],
    ["a text longer than the file", "X\u00ff\u00ff\u00ff\u007fa."],
    ["an odd dict", "}(Nu."],
    ["an unknown operation", "\u0001."],
    ["a state for a number", "K\u0001Nb."],
  ])("of %s are refused", (_, text) => {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    expect(() => readPickle(bytes)).toThrow(FormatError);
  });

  it("that hold themselves end", () => {
    const list = readPickle(Uint8Array.from("]\u0094h\u0000a.", (c) => c.charCodeAt(0))) as unknown[];
    expect(list[0]).toBe(list);
  });

  it("are told from arrays of numbers", () => {
    const inner = readZip(readZip(fixture("keras-3.15.1.keras")).get("model.weights.npz")!);
    expect(pickledNpy(inner.get("layers/dense.npy")!)).toBeInstanceOf(Uint8Array);
    const numbers = readZip(fixture("keras-3.15.1-io.npz")).get("x.npy")!;
    expect(pickledNpy(numbers)).toBeUndefined();
  });
});
