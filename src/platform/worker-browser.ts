/** The code of a web worker of `model.parallel`. */
import { workerLoop } from "../api/workers/worker-loop.ts";
import type { ToWorker } from "../api/workers/worker-messages.ts";

const scope = self as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};
const receive = workerLoop((message, transfer) => scope.postMessage(message, transfer));
scope.onmessage = (event) => receive(event.data);
