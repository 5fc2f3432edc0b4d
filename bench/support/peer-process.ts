import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Peer } from "../peers/peers.ts";
import { benchRoot } from "./root.ts";

/** Median and best time of a call, in milliseconds. */
export interface Timing {
  readonly ms: number;
  readonly bestMs: number;
  readonly calls: number;
}

/** A peer in a process of its own; see bench/peers/worker.mjs for what it answers. */
export class PeerProcess {
  readonly peer: Peer;
  readonly #child: ChildProcess;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  constructor(peer: Peer, options: Readonly<Record<string, unknown>> = {}) {
    this.peer = peer;
    const file = fileURLToPath(new URL("peers/worker.mjs", benchRoot));
    this.#child = fork(file, [peer.module, JSON.stringify({ ...peer.options, ...options })], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let errors = "";
    this.#child.stderr?.on("data", (text: Buffer) => {
      errors = (errors + text.toString()).slice(-2000);
    });
    this.#child.on("message", (message: { value?: unknown; error?: string }) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (message.error) waiting?.reject(new Error(`${peer.label}: ${message.error}`));
      else waiting?.resolve(message.value);
    });
    this.#child.on("exit", (code) => {
      this.#waiting?.reject(new Error(`${peer.label}: its process ended (${code}). ${errors}`));
    });
  }

  #ask<Answer>(message: { readonly kind: string; readonly [key: string]: unknown }): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve: resolve as (value: unknown) => void, reject };
      this.#child.send(message);
    });
  }

  /** Loads the workload of a folder. */
  load(folder: string): Promise<{ version: string; loadMs: number }> {
    return this.#ask({ kind: "load", folder });
  }

  /** The outputs for all inputs, and how long the very first call took. */
  check(): Promise<{ outputs: Float32Array[]; firstMs: number }> {
    return this.#ask({ kind: "check" });
  }

  measure(ms: number): Promise<Timing> {
    return this.#ask({ kind: "measure", ms });
  }

  /** Peak resident memory of the process. */
  memory(): Promise<{ peakMb: number }> {
    return this.#ask({ kind: "memory" });
  }

  /** Processor time used so far, in seconds; 0 where the system does not say. */
  cpuSeconds(): number {
    return cpuSeconds(this.#child.pid!);
  }

  close(): void {
    this.#child.disconnect();
    this.#child.kill();
  }
}

/** Clock ticks a second of /proc on every Linux that Node runs on. */
const TICKS = 100;

/** Processor time of a process with all its threads, in seconds; 0 where the system does not say. */
export function cpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return 0;
  }
}

/** Processor time that the whole machine has spent working, in seconds; undefined where the system does not say. */
export function machineCpuSeconds(): number | undefined {
  try {
    const [, ...fields] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.split(/\s+/).map(Number);
    const [user, nice, system, , , irq, softirq, steal] = fields;
    return (user! + nice! + system! + irq! + softirq! + (steal ?? 0)) / TICKS;
  } catch {
    return undefined;
  }
}
