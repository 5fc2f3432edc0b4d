import type { NativeModel } from "../formats/native/format.ts";
import { layersFor } from "./companions.ts";
import { loadModelSync } from "./load-model.ts";
import type { Model } from "./model.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** What a worker does: it loads the model that it is sent, then computes slices in the order in which they come. */
export function workerLoop(
  answer: (message: FromWorker, transfer: ArrayBuffer[]) => void,
): (message: ToWorker) => void {
  let model: Model | undefined;
  let queue = Promise.resolve();
  const load = async ({ json, weights, module, build }: Extract<ToWorker, { kind: "load" }>) => {
    const parsed = JSON.parse(new TextDecoder().decode(json)) as NativeModel;
    const layers = await layersFor(parsed.graph);
    model = loadModelSync({ json: parsed, weights }, { module, build, layers });
    answer({ kind: "loaded" }, []);
  };
  const predict = ({ id, inputs, batchSize }: Extract<ToWorker, { kind: "predict" }>) => {
    const outputs = model!.inference.run(inputs, batchSize === undefined ? {} : { batchSize });
    const buffers = (tensors: typeof inputs) => tensors.map(({ data }) => (data as Float32Array).buffer as ArrayBuffer);
    const spare = buffers(inputs);
    answer({ kind: "outputs", id, outputs, spare }, [...buffers(outputs), ...spare]);
  };
  return (message) => {
    queue = queue.then(async () => {
      try {
        await (message.kind === "load" ? load(message) : predict(message));
      } catch (error) {
        const { name, message: text } = error instanceof Error ? error : new Error(String(error));
        answer({ kind: "failed", id: message.kind === "predict" ? message.id : -1, name, message: text }, []);
      }
    });
  };
}
