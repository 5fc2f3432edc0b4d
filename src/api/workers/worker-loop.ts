import type { NativeModel } from "../../formats/native/format.ts";
import type { KernelCall, PartResult, Trainer } from "../../training/index.ts";
import { layersFor } from "../companions.ts";
import { loadModelSync } from "../load-model.ts";
import type { Model } from "../model.ts";
import type { FromWorker, ToWorker, TrainingRequest } from "./worker-messages.ts";

type CompileRequest = Extract<TrainingRequest, { kind: "compile" }>;

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
  let call: ((calls: readonly KernelCall[], number: number) => void) | undefined;
  const compile = async ({ options, rules, home }: CompileRequest, memory: WebAssembly.Memory | undefined) => {
    const { Trainer, makeCalls } = await import("../../training/index.ts");
    const own = new Trainer(model!.inference, options, rules, home && { ...home, memory: memory! });
    trainer = own;
    if (home) call = (calls, number) => makeCalls(own, home, calls, number);
  };
  const train = async (request: Exclude<TrainingRequest, CompileRequest>): Promise<PartResult | undefined> => {
    if (request.kind === "call") call!(request.calls, request.number);
    else if (request.kind === "state") {
      trainer!.setWeightArrays(request.state.weights);
      trainer!.setOptimizerState(request.state.optimizer);
    } else if (request.kind === "part") {
      return trainer!.part(request.batch, request.which);
    } else trainer!.update(request.sums, request.rate);
    return undefined;
  };
  const answerTraining = async ({ id, request, memory }: Extract<ToWorker, { kind: "train" }>) => {
    const result = request.kind === "compile" ? await compile(request, memory) : await train(request);
    const buffers = result?.gradients.map(({ values }) => values.buffer) ?? [];
    answer(
      { kind: "trained", id, ...(result && { result }) },
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
