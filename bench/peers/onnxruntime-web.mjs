import * as ort from "onnxruntime-web";
import { installedVersion } from "./installed.mjs";
import { createOrt } from "./onnxruntime.mjs";

export async function create(workload, context) {
  const threads = context.threads ?? 1;
  ort.env.wasm.numThreads = threads;
  const { InferenceSession, Tensor } = ort;
  return createOrt(
    { InferenceSession, Tensor, executionProvider: "wasm" },
    installedVersion("onnxruntime-web"),
    workload,
    context,
  );
}
