import { createRequire } from "node:module";
import type * as WorkerThreads from "node:worker_threads";
import type { Platform } from "../api/source.ts";
import type { FromWorker } from "../api/worker-messages.ts";

/**
 * Files, URLs and worker threads of Node, Deno and Bun. What opens files is loaded when the first is: a process whose
 * model is in its bundle starts a millisecond sooner.
 */
export const nodePlatform: Platform = {
  async open(source) {
    const { openSource } = await import("./node-files.ts");
    return openSource(String(source));
  },
  async write(target, files) {
    const { writeFiles } = await import("./node-files.ts");
    return writeFiles(target, files);
  },
  async append(path, bytes) {
    const { appendBytes } = await import("./node-files.ts");
    return appendBytes(path, bytes);
  },
  async read(path) {
    const { readIfThere } = await import("./node-files.ts");
    return readIfThere(path);
  },
  async screen() {
    const { streamScreen } = await import("./node-screen.ts");
    return streamScreen(process.stdout);
  },
  spawn() {
    // Loaded here, since a process that spawns nothing starts two milliseconds sooner without.
    const { Worker } = createRequire(import.meta.url)("node:worker_threads") as typeof WorkerThreads;
    const worker = new Worker(new URL("./worker-node.js", import.meta.url));
    // An idle worker does not keep the process alive; one that owes an answer does.
    worker.unref();
    let owed = 0;
    return {
      post(message, transfer = []) {
        if (owed++ === 0) worker.ref();
        worker.postMessage(message, [...transfer]);
      },
      listen(onMessage, onError) {
        worker.on("message", (message: FromWorker) => {
          if (--owed === 0) worker.unref();
          onMessage(message);
        });
        worker.on("error", onError);
      },
      terminate() {
        void worker.terminate();
      },
    };
  },
};
