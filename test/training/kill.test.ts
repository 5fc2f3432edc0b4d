import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "rnn-wasm-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the training process; `after` gives the number of batches and milliseconds after which it is killed. */
function train(name: string, after?: { batches: number; wait: number }, seed = "3") {
  const [checkpoint, result] = [join(folder, `${name}.checkpoint`), join(folder, `${name}.weights`)];
  const args = [".build/run-ts.mjs", "test/support/train-until-killed.ts", checkpoint, result, seed];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let batches = 0;
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  child.stdout.on("data", (dots: Buffer) => {
    const before = batches;
    batches += dots.length;
    if (after && before < after.batches && batches >= after.batches) {
      if (after.wait === 0) child.kill("SIGKILL");
      else setTimeout(() => child.kill("SIGKILL"), after.wait);
    }
  });
  return new Promise<{
    signal: string | null;
    code: number | null;
    errors: string;
    checkpoint: string;
    result: string;
  }>((resolve) => child.on("close", (code, signal) => resolve({ signal, code, errors, checkpoint, result })));
}

describe("a training process that is killed with SIGKILL", () => {
  it("resumes to the very bits of an uninterrupted run, wherever it was killed", async () => {
    const whole = await train("whole");
    expect(whole.errors).toBe("");
    const wanted = readFileSync(whole.result);
    // At borders of batches, after 0 to some milliseconds: in a step, while a checkpoint is written, between epochs.
    const seed = Date.now() % 1000;
    let kills = 0;
    for (let i = 0; i < 5; i++) {
      const name = `killed-${i}`;
      const batches = 3 + ((seed + i * 17) % 60);
      const killed = await train(name, { batches, wait: i % 3 });
      if (killed.signal === "SIGKILL") kills++;
      expect(existsSync(killed.checkpoint), `killed after ${batches} batches`).toBe(true);
      // Killed a second time on the way, then left alone.
      await train(name, { batches: 5, wait: 1 });
      const resumed = await train(name);
      expect(resumed.code, resumed.errors).toBe(0);
      expect(readFileSync(resumed.result).equals(wanted), `killed after ${batches} batches`).toBe(true);
    }
    expect(kills).toBeGreaterThan(2);
  });

  it("finds a whole checkpoint after a kill in the middle of its writing", async () => {
    const bytes = 24e6;
    let torn = 0;
    for (let i = 0; i < 12 && torn < 3; i++) {
      const own = mkdtempSync(join(folder, "write-"));
      const file = join(own, "big.checkpoint");
      const args = [".build/run-ts.mjs", "test/support/write-until-killed.ts", file, String(bytes)];
      const child = spawn(process.execPath, args, { stdio: "ignore" });
      const ended = new Promise((resolve) => child.on("close", resolve));
      const part = () => readdirSync(own).find((name) => name !== "big.checkpoint");
      const size = () => {
        const name = part();
        return name ? (statSync(join(own, name), { throwIfNoEntry: false })?.size ?? 0) : 0;
      };
      // Once there is a whole one, a next one that is partly there.
      while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 2));
      while (size() === 0) await new Promise((resolve) => setImmediate(resolve));
      child.kill("SIGKILL");
      await ended;
      const left = part();
      if (left && statSync(join(own, left)).size < bytes) torn++;
      const found = readFileSync(file);
      expect(found.length).toBe(bytes);
      expect(found.equals(Buffer.alloc(bytes, found[0]))).toBe(true);
      rmSync(own, { recursive: true });
    }
    expect(torn).toBeGreaterThan(0);
  });

  it("is not disturbed by a half-written checkpoint, and refuses a damaged or a foreign one", async () => {
    const killed = await train("torn", { batches: 10, wait: 0 });
    const bytes = readFileSync(killed.checkpoint);
    // What a kill in the middle of a write leaves: a part under another name, never under the checkpoint's.
    writeFileSync(join(folder, ".torn.checkpoint.part"), bytes.subarray(0, bytes.length >> 1));
    const other = await train("torn", undefined, "4");
    expect(other.code).not.toBe(0);
    expect(other.errors).toMatch(/does not continue this run: its data is .*seed 3.*here it is .*seed 4/s);
    writeFileSync(killed.checkpoint, bytes.subarray(0, bytes.length >> 1));
    const torn = await train("torn");
    expect(torn.code).not.toBe(0);
    expect(torn.errors).toMatch(/FormatError/);
    expect(readdirSync(folder)).not.toContain("torn.weights");
  });
});
