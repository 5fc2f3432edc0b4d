import type { Platform } from "../api/source.ts";
import type { FromWorker, WorkerPort } from "../api/worker-messages.ts";
import { openUrl } from "./fetch.ts";

function spawn(): WorkerPort {
  const worker = new Worker(new URL("./worker-browser.js", import.meta.url), { type: "module" });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onError) {
      worker.onmessage = (event: MessageEvent<FromWorker>) => onMessage(event.data);
      worker.onerror = onError;
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
