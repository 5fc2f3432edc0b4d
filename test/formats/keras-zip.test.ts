import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readZip } from "../../src/formats/zip.ts";
import { writeZip } from "../../src/formats/zip-write.ts";
import { loadModel } from "../../src/platform/node.ts";
import { dense, input, lstm, sequential } from "../../src/platform/training-node.ts";

const folder = mkdtempSync(join(tmpdir(), "keras zip "));
afterAll(() => rmSync(folder, { recursive: true }));

const x = { shape: [1, 4, 3], data: Float32Array.from({ length: 12 }, (_, i) => Math.fround(i / 7 - 0.8)) };
const made = sequential([input([null, 3]), lstm(4), dense(2)]);
const wanted = [...(made.predict(x) as { data: Float32Array }).data];
const exported = await made.export("keras");
const bytes = Object.values(exported.files)[0]!;
const members = readZip(bytes)
  .names()
  .map((name): [string, Uint8Array] => [name, readZip(bytes).get(name)!]);

async function expectSame(source: Parameters<typeof loadModel>[0]): Promise<void> {
  const model = await loadModel(source);
  expect([...(model.predict(x) as { data: Float32Array }).data]).toEqual(wanted);
  model.dispose();
}

/** The archive as zip64 writers make it: sizes and offsets are in extra fields. */
function asZip64(archive: Uint8Array): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - 22;
  const [count, start] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
  const parts: Uint8Array[] = [archive.slice(0, start)];
  let at = start;
  let size = 0;
  for (let i = 0; i < count; i++) {
    const nameLength = view.getUint16(at + 28, true);
    const head = archive.slice(at, at + 46 + nameLength);
    const extra = new Uint8Array(28);
    const [own, wide] = [new DataView(head.buffer), new DataView(extra.buffer)];
    wide.setUint16(0, 1, true);
    wide.setUint16(2, 24, true);
    [24, 20, 42].forEach((field, k) => {
      wide.setUint32(4 + 8 * k, own.getUint32(field, true), true);
      own.setUint32(field, 0xffffffff, true);
    });
    own.setUint16(30, 28, true);
    parts.push(head, extra);
    size += head.length + 28;
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  const tail = new DataView(new ArrayBuffer(56 + 20 + 22));
  tail.setUint32(0, 0x06064b50, true);
  tail.setUint32(4, 44, true);
  tail.setUint32(24, count, true);
  tail.setUint32(32, count, true);
  tail.setUint32(40, size, true);
  tail.setUint32(48, start, true);
  tail.setUint32(56, 0x07064b50, true);
  tail.setUint32(64, start + size, true);
  tail.setUint32(76, 0x06054b50, true);
  tail.setUint16(84, 0xffff, true);
  tail.setUint16(86, 0xffff, true);
  tail.setUint32(88, 0xffffffff, true);
  tail.setUint32(92, 0xffffffff, true);
  parts.push(new Uint8Array(tail.buffer));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe(".keras files that were packed again", () => {
  it("in a folder of their own, with what macOS adds", async () => {
    const litter: [string, Uint8Array][] = [
      ["__MACOSX/model/._config.json", new Uint8Array(8)],
      ["model/.DS_Store", new Uint8Array(8)],
    ];
    await expectSame(
      writeZip([...litter, ...members.map(([name, data]): [string, Uint8Array] => [`model/${name}`, data])]),
    );
  });

  it("as zip64", async () => expectSame(asZip64(bytes)));

  it("unpacked, as Keras 3 also saves them", async () => {
    const target = join(folder, "unpacked");
    mkdirSync(target);
    for (const [name, data] of members) writeFileSync(join(target, name), data);
    await expectSame(target);
  });

  it("unpacked with sharded weights, and refuses a shard that is missing by name", async () => {
    const target = join(folder, "sharded");
    mkdirSync(target);
    const index = { metadata: { total_size: 1 }, weight_map: { "/layers/dense/vars": ["model_00000.weights.h5"] } };
    for (const [name, data] of members) {
      writeFileSync(join(target, name === "model.weights.h5" ? "model_00000.weights.h5" : name), data);
    }
    writeFileSync(join(target, "model.weights.json"), JSON.stringify(index));
    await expectSame(target);
    rmSync(join(target, "model_00000.weights.h5"));
    await expect(loadModel(target)).rejects.toThrow(/model_00000\.weights\.h5/);
    const json = readFileSync(join(target, "config.json"));
    const weights = { "model.weights.json": readFileSync(join(target, "model.weights.json")) };
    await expect(loadModel({ json, weights })).rejects.toThrow(/names shards that were not given: model_00000/);
    const outside = { ...index, weight_map: { "/layers/dense/vars": "../x.weights.h5" } };
    const bad = { "model.weights.json": new TextEncoder().encode(JSON.stringify(outside)) };
    await expect(loadModel({ json, weights: bad })).rejects.toThrow(/which is no file beside it/);
  });

  it("deflated by python's zipfile or zip", async ({ skip }) => {
    const target = join(folder, "deflated.keras");
    try {
      execFileSync("python3", [
        "-m",
        "zipfile",
        "-c",
        target,
        ...members.map(([name]) => join(folder, "unpacked", name)),
      ]);
    } catch {
      skip("python3 is absent");
    }
    await expectSame(target);
  });

  it("refuses an npz that is none", async () => {
    const npz = writeZip(members.map(([name, data]) => [name.replace(".weights.h5", ".weights.npz"), data]));
    await expect(loadModel(npz)).rejects.toThrow(/zip/);
  });

  it("says that a download is cut", async () => {
    for (const share of [0.2, 0.5, 0.9]) {
      await expect(loadModel(bytes.subarray(0, Math.floor(bytes.length * share)))).rejects.toThrow(/truncated/);
    }
  });
});

describe("folders that are no models", () => {
  it("names a SavedModel and lists what could be meant", async () => {
    const saved = join(folder, "saved");
    mkdirSync(saved);
    writeFileSync(join(saved, "saved_model.pb"), "");
    await expect(loadModel(saved)).rejects.toThrow(/is a SavedModel.*load_model/);
    const other = join(folder, "other");
    mkdirSync(other);
    writeFileSync(join(other, "best.h5"), "");
    await expect(loadModel(other)).rejects.toThrow(/without a model\.json\. Name one of its files: best\.h5/);
  });
});
