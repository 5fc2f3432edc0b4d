import type { NativeModel } from "../../formats/native/format.ts";
import type { PartResult, Trainer } from "../../training/index.ts";
import { layersFor } from "../companions.ts";
import { loadModelSync } from "../load-model.ts";
import type { Model } from "../model.ts";
import type { FromWorker, ToWorker, TrainingRequest } from "./worker-messages.ts";

/** What a worker does: it loads the model that it is sent, then computes and trains in the order in which it is asked. */
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
  let trainer: Trainer | undefined;
  const train = async (request: TrainingRequest): Promise<PartResult | undefined> => {
    if (request.kind === "compile") {
      const training = await import("../../training/index.ts");
      trainer = new training.Trainer(model!.inference, request.options, request.rules);
    } else if (request.kind === "state") {
      trainer!.setWeightArrays(request.state.weights);
      trainer!.setOptimizerState(request.state.optimizer);
    } else if (request.kind === "part") {
      return trainer!.part(request.batch, request.which);
    } else trainer!.update(request.sums, request.rate);
    return undefined;
  };
  const answerTraining = async ({ id, request }: Extract<ToWorker, { kind: "train" }>) => {
    const result = await train(request);
    const buffers = result?.gradients.map(({ values }) => values.buffer) ?? [];
    answer(
      { kind: "trained", id, result },
      buffers.filter((buffer) => buffer instanceof ArrayBuffer),
    );
  };
  return (message) => {
    queue = queue.then(async () => {
      try {
        if (message.kind === "load") await load(message);
        else if (message.kind === "predict") predict(message);
        else await answerTraining(message);
      } catch (error) {
        const { name, message: text } = error instanceof Error ? error : new Error(String(error));
        answer({ kind: "failed", id: message.kind === "load" ? -1 : message.id, name, message: text }, []);
      }
    });
  };
}
