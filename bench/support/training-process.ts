import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TrainingPeer } from "../peers/training/peers.ts";
import { cpuSeconds } from "./peer-process.ts";
import { benchRoot } from "./root.ts";

/** The Python that has a library: named by an environment variable, or made by `npm run bench:peers -- --torch`. */
export function pythonOf(module: "torch" | "keras"): string | undefined {
  const named = process.env[`RNN_WASM_${module.toUpperCase()}_PYTHON`];
  const cache = process.env["RNN_WASM_KERAS_CACHE"] ?? join(homedir(), ".cache/rnn-wasm/keras");
  const own = {
    torch: fileURLToPath(new URL("peers/.venv-torch/bin/python", benchRoot)),
    keras: join(cache, "bin/python"),
  };
  return named ?? (existsSync(own[module]) ? own[module] : undefined);
}

/** Why a Python peer cannot run; undefined if it can. */
export function missingPython({ module }: TrainingPeer): string | undefined {
  if (module.startsWith(".") || pythonOf(module as "torch")) return undefined;
  const make = module === "torch" ? "npm run bench:peers -- --torch" : "npm run test:keras";
  return `left out: no Python with it (\`${make}\` makes one, or RNN_WASM_${module.toUpperCase()}_PYTHON names one)`;
}

/** A peer that has not trained on its first batches by then is reported as that slow, and not timed. */
const FIRST_BATCHES_MS = 60_000;

/** A training peer in a process of its own; it answers the lines that bench/peers/training/serve.mjs describes. */
export class TrainingProcess {
  readonly peer: TrainingPeer;
  readonly #child: ChildProcess;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  constructor(peer: TrainingPeer, folder: string) {
    this.peer = peer;
    const place = (name: string) => fileURLToPath(new URL(`peers/training/${name}`, benchRoot));
    const options = JSON.stringify(peer.options ?? {});
    const isNode = peer.module.startsWith(".");
    const [command, script] = isNode
      ? [process.execPath, place("serve.mjs")]
      : [pythonOf(peer.module as "torch") ?? "python3", place("serve.py")];
    const quiet = { TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1", PYTHONDONTWRITEBYTECODE: "1" };
    this.#child = spawn(command, [script, peer.module, folder, options], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...(isNode ? {} : quiet), ...peer.env },
    });
    let errors = "";
    this.#child.stderr?.on("data", (text: Buffer) => {
      errors = (errors + text.toString()).slice(-1000);
    });
    this.#child.on("error", (error) => this.#waiting?.reject(error));
    this.#child.on("exit", (code) => {
      this.#waiting?.reject(new Error(`its process ended (${code}): ${errors.trim().split("\n").at(-1)}`));
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      if (!line.startsWith("@")) return;
      const answer = JSON.parse(line.slice(1)) as { value?: unknown; error?: string };
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (answer.error === undefined) waiting?.resolve(answer.value);
      else waiting?.reject(new Error(answer.error));
    });
  }

  #ask<Answer>(message: { readonly kind: string; readonly [key: string]: unknown }): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve: resolve as (value: unknown) => void, reject };
      this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
    });
  }

  load(): Promise<{ version: string }> {
    return this.#ask({ kind: "load" });
  }

  /** The losses of the first batches, each before its update. */
  async losses(steps: number): Promise<number[]> {
    const late = setTimeout(() => {
      this.#waiting?.reject(new Error(`no end of its first ${steps} batches after ${FIRST_BATCHES_MS / 1000} s`));
    }, FIRST_BATCHES_MS);
    try {
      return await this.#ask<number[]>({ kind: "losses", steps });
    } finally {
      clearTimeout(late);
    }
  }

  /** Trains on the first samples, in order. */
  epoch(samples: number): Promise<{ ms: number }> {
    return this.#ask({ kind: "epoch", samples });
  }

  memory(): Promise<{ peakMb: number }> {
    return this.#ask({ kind: "memory" });
  }

  cpuSeconds(): number {
    return cpuSeconds(this.#child.pid!);
  }

  close(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}
