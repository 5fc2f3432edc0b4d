import { FormatError } from "../errors.ts";
import type { StoredTensor, VerifyPair } from "../formats/native/format.ts";
import { type ModelInput, readInputs } from "../model/inputs.ts";
import { sizeOf, type Tensor } from "../tensor.ts";
import type { Model } from "./model.ts";

/** What a check against a stored pair found. */
export interface VerifyResult {
  readonly ok: boolean;
  /** Largest absolute difference over all outputs. */
  readonly maxDifference: number;
  readonly elements: number;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** A tensor as `model.json` holds it. */
export function storeTensor({ data, shape }: Tensor): StoredTensor {
  if (Array.isArray(data)) return { dtype: "string", shape, data };
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype: data instanceof Int32Array ? "int32" : "float32", shape, data: toBase64(bytes) };
}

/** @throws {FormatError} If the data does not fill the shape. */
export function restoreTensor({ dtype, shape, data }: StoredTensor): Tensor {
  if (dtype === "string") return { data: [...(data as readonly string[])], shape };
  const bytes = Uint8Array.from(atob(String(data)), (char) => char.charCodeAt(0));
  if (bytes.length !== sizeOf(shape) * 4) throw new FormatError("The verify pair of model.json is damaged.");
  return { data: dtype === "int32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer), shape };
}

/**
 * Runs a model from fresh states and keeps what went in and came out, for a file that can check itself.
 *
 * @param tolerance - What another build of the kernels may differ by.
 */
export function recordPair(
  model: Model,
  x: ModelInput,
  tolerance: VerifyPair["tolerance"] = { abs: 2e-5, rel: 2e-5 },
): VerifyPair {
  const inputs = readInputs(x, model.inputs, model.inference.stateful);
  model.resetStates();
  const outputs = model.inference.run(x);
  model.resetStates();
  return { inputs: inputs.map(storeTensor), outputs: outputs.map(storeTensor), tolerance };
}

/** Recomputes a stored pair. The model's states are reset before and after. */
export function verifyPair(model: Model, pair: VerifyPair): VerifyResult {
  const { abs, rel } = pair.tolerance;
  model.resetStates();
  const outputs = model.inference.run(pair.inputs.map(restoreTensor));
  model.resetStates();
  let maxDifference = 0;
  let elements = 0;
  let ok = outputs.length === pair.outputs.length;
  pair.outputs.map(restoreTensor).forEach((wanted, i) => {
    const got = outputs[i];
    if (!got || got.data.length !== wanted.data.length) {
      ok = false;
      return;
    }
    for (let k = 0; k < wanted.data.length; k++) {
      const expected = Number(wanted.data[k]);
      const difference = Math.abs(Number(got.data[k]) - expected);
      maxDifference = Math.max(maxDifference, difference);
      if (!(difference <= abs + rel * Math.abs(expected))) ok = false;
      elements++;
    }
  });
  return { ok, maxDifference, elements };
}

/** @throws {FormatError} If the model does not give the outputs that its file promises. */
export function checkVerifyPair(model: Model, pair: VerifyPair): void {
  const { ok, maxDifference } = verifyPair(model, pair);
  if (!ok) {
    throw new FormatError(
      `The model does not reproduce the outputs stored in its file: the largest difference is ${maxDifference.toExponential(2)}. The file is damaged, or was written for another version.`,
    );
  }
}
