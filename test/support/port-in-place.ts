import { workerLoop } from "../../src/api/workers/worker-loop.ts";
import type { FromWorker, ToWorker, WorkerPort } from "../../src/api/workers/worker-messages.ts";

/** The loop of a worker in this thread, with messages copied and buffers taken away as a worker's are. */
export function portInPlace(seen: ToWorker[] = []): WorkerPort {
  let onMessage: (message: FromWorker) => void = () => undefined;
  const receive = workerLoop((message, transfer) => onMessage(structuredClone(message, { transfer })));
  return {
    post(message, transfer = []) {
      // What only postMessage copies, by sharing it.
      const { module, memory } = message as { module?: WebAssembly.Module; memory?: WebAssembly.Memory };
      const copied = { ...message, module: undefined, memory: undefined };
      const arrived = { ...structuredClone(copied, { transfer: [...transfer] }), module, memory };
      seen.push(arrived as ToWorker);
      receive(arrived as ToWorker);
    },
    listen(listener) {
      onMessage = listener;
    },
    terminate: () => undefined,
  };
}
