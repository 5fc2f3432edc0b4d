import ort from "onnxruntime-node";
import { installedVersion } from "./installed.mjs";
import { createOrt } from "./onnxruntime.mjs";

export async function create(workload, context) {
  const { InferenceSession, Tensor } = ort;
  return createOrt(
    { InferenceSession, Tensor, executionProvider: "cpu" },
    installedVersion("onnxruntime-node"),
    workload,
    context,
  );
}
