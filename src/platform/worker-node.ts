/** The code of a worker thread of `model.parallel` in Node. */
import { parentPort } from "node:worker_threads";
import { workerLoop } from "../api/workers/worker-loop.ts";

const port = parentPort!;
port.on(
  "message",
  workerLoop((message, transfer) => port.postMessage(message, transfer)),
);
