import { loadModelSync } from "./load-model.ts";
import type { Model } from "./model.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** What a worker does: it loads the model that it is sent, then computes slices. */
export function workerLoop(
  answer: (message: FromWorker, transfer: ArrayBuffer[]) => void,
): (message: ToWorker) => void {
  let model: Model | undefined;
  return (message) => {
    const id = message.kind === "predict" ? message.id : -1;
    try {
      if (message.kind === "load") {
        const { json, weights, module, build } = message;
        model = loadModelSync({ json, weights }, { module, build });
        answer({ kind: "loaded" }, []);
        return;
      }
      const { batchSize } = message;
      const outputs = model!.inference.run(message.inputs, batchSize === undefined ? {} : { batchSize });
      const buffers = outputs.map(({ data }) => (data as Float32Array).buffer as ArrayBuffer);
      answer({ kind: "outputs", id, outputs }, buffers);
    } catch (error) {
      const { name, message: text } = error instanceof Error ? error : new Error(String(error));
      answer({ kind: "failed", id, name, message: text }, []);
    }
  };
}
