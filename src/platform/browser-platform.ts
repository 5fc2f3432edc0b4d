import type { Platform } from "../api/source.ts";
import type { FromWorker, WorkerPort } from "../api/workers/worker-messages.ts";
import { EngineError } from "../errors.ts";
import { openUrl } from "./fetch.ts";

/** A worker that fails to load has no message; one whose code fails has. */
function workerError({ message }: Partial<ErrorEvent>): EngineError {
  const why = message ? `: ${message}` : " to load, since its code is not beside the program's";
  return new EngineError(
    `A worker has failed${why}. Bundlers that leave workers' files alone need the entry "rnn-wasm/worker" as a file named worker-browser.js beside the bundle.`,
  );
}

function spawn(): WorkerPort {
  if (typeof Worker === "undefined") throw new EngineError("model.parallel: this runtime has no workers.");
  const worker = new Worker(new URL("./worker-browser.js", import.meta.url), { type: "module" });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onError) {
      worker.onmessage = (event: MessageEvent<FromWorker>) => onMessage(event.data);
      worker.onerror = (event) => onError(workerError(event));
    },
    terminate: () => worker.terminate(),
  };
}

/** URLs and web workers. Files cannot be written: `model.export` gives their bytes. */
export const browserPlatform: Platform = {
  open: (from) => openUrl(typeof location === "undefined" ? String(from) : new URL(String(from), location.href).href),
  screen: async () => ({ line: (text) => console.log(text) }),
  spawn,
};
