import { mkdtemp, readdir, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeFiles } from "../../src/platform/node-files.ts";

it("a write removes what killed writes of the same file have left, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rnn-wasm-"));
  const [old, young, others, plain] = [
    `.run.ckpt.${crypto.randomUUID()}`,
    `.run.ckpt.${crypto.randomUUID()}`,
    `.other.ckpt.${crypto.randomUUID()}`,
    ".run.ckpt.notes",
  ];
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of [old, young, others, plain]) {
    await writeFile(join(folder, name), "half");
    if (name !== young) await utimes(join(folder, name), hourAgo, hourAgo);
  }
  await writeFiles(join(folder, "run.ckpt"), { ".file": Uint8Array.of(1) });
  expect((await readdir(folder)).sort()).toEqual([young, others, plain, "run.ckpt"].sort());
});
