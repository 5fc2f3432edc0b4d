import { RnnWasmError } from "../../src/errors.ts";
import { loadModel, type Model } from "../../src/platform/node.ts";
import type { Tensor } from "../../src/tensor.ts";
import { decodeTensor, difference, type GoldenCase, type GoldenFiles, type GoldenTensor, sourceOf } from "./goldens.ts";

/** What is wrong with one form of one case; undefined if all is well. */
export async function runGolden(folder: string, golden: GoldenCase, files: GoldenFiles): Promise<string | undefined> {
  if (golden.expect === "refused") return refusal(folder, golden, files);
  const model = await loadModel(sourceOf(folder, files));
  const fault = runLoaded(model, golden);
  model.dispose();
  return fault;
}

/** What is wrong with a loaded model's outputs. */
export function runLoaded(model: Model, golden: GoldenCase): string | undefined {
  for (const [i, call] of golden.calls.entries()) {
    if (call.reset) model.resetStates();
    const inputs = call.inputs.map(decodeTensor);
    const result = model.predict(inputs.length === 1 ? inputs[0]! : inputs);
    const outputs = nestedAsKeras(Array.isArray(result) ? result : [result], call.outputs);
    if (outputs.length !== call.outputs.length) {
      return `call ${i}: ${outputs.length} outputs, expected ${call.outputs.length}`;
    }
    for (const [k, want] of call.outputs.entries()) {
      const fault = difference(outputs[k]!, decodeTensor(want), golden.tolerance);
      if (fault) return `call ${i}, output ${k}: ${fault}`;
    }
  }
  return undefined;
}

/** Nested outputs (a cell's states of one shape) were written down as one array. */
function nestedAsKeras(outputs: readonly Tensor[], wanted: readonly GoldenTensor[]): readonly Tensor[] {
  if (outputs.length <= wanted.length) return outputs;
  const rest = [...outputs];
  return wanted.map(({ shape }) => {
    const first = rest[0]!;
    const count = shape.length === first.shape.length + 1 ? shape[0]! : 1;
    const parts = rest.splice(0, count);
    if (count === 1) return first;
    return {
      shape: [count, ...first.shape],
      data: Float32Array.from(parts.flatMap((part) => [...part.data] as number[])),
    };
  });
}

async function refusal(folder: string, golden: GoldenCase, files: GoldenFiles): Promise<string | undefined> {
  try {
    await loadModel(sourceOf(folder, files));
  } catch (error) {
    if (!(error instanceof RnnWasmError)) throw error;
    return error.message.includes(golden.why ?? "")
      ? undefined
      : `the refusal does not name ${golden.why}: ${error.message}`;
  }
  return `was loaded; expected to be refused: ${golden.why}`;
}
