import type * as WorkerThreads from "node:worker_threads";
import { type Platform, readKernelsBy } from "../api/source.ts";
import type { FromWorker } from "../api/workers/worker-messages.ts";
import { builtin } from "./node-builtin.ts";
import { appendBytes, openSource, readIfThere, writeFiles } from "./node-files.ts";
import { kernelsFile } from "./node-kernels.ts";

readKernelsBy(kernelsFile);

/** Files, URLs and worker threads of Node, Deno and Bun. */
export const nodePlatform: Platform = {
  open: (source) => openSource(String(source)),
  write: writeFiles,
  append: appendBytes,
  read: readIfThere,
  async screen() {
    const { streamScreen } = await import("./node-screen.ts");
    return streamScreen(process.stdout);
  },
  spawn() {
    // Without the program's own flags: those of `node --input-type=module -e` are not for files.
    const { Worker } = builtin<typeof WorkerThreads>("node:worker_threads");
    const worker = new Worker(new URL("./worker-node.js", import.meta.url), { execArgv: [] });
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
