import { type ExitCode, run } from "../../src/cli/run.ts";

/** What a command left behind. */
export interface CliResult {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process. */
export async function runCli(args: readonly string[], stdin: string | Uint8Array = ""): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  const text = (part: string | Uint8Array) => (typeof part === "string" ? part : new TextDecoder().decode(part));
  async function* input() {
    yield stdin;
  }
  const code = await run(args, {
    stdin: input(),
    stdout: {
      write(part: string | Uint8Array) {
        stdout += text(part);
      },
    },
    stderr: {
      write(part: string) {
        stderr += part;
      },
    },
  });
  return { code, stdout, stderr };
}

/** A model in rnn-wasm's format that gives y = x·[[1, 0, -1], [0, 2, 1]] + [0.5, 0, 0]. */
export function smallModel() {
  const kernel = [1, 0, -1, 0, 2, 1];
  const bias = [0.5, 0, 0];
  const header = JSON.stringify({
    "dense/kernel": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
    "dense/bias": { dtype: "F32", shape: [3], data_offsets: [24, 36] },
  });
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  const weights = new Uint8Array(8 + padded.length + 36);
  new DataView(weights.buffer).setBigUint64(0, BigInt(padded.length), true);
  weights.set(new TextEncoder().encode(padded), 8);
  weights.set(new Uint8Array(Float32Array.from([...kernel, ...bias]).buffer), 8 + padded.length);
  return { json: MODEL, weights };
}

const layer = (className: string, name: string, config: object) => ({ className, name, config, trainable: true });
const ref = (name: string) => ({ layer: name, call: 0, tensor: 0 });

const MODEL = {
  format: "rnn-wasm",
  version: 1,
  generatedBy: "test",
  profile: {
    era: "keras3",
    version: "3.15.1",
    hardSigmoid: "hardSigmoid6",
    recurrentActivation: "sigmoid",
    convLstmRecurrentActivation: "sigmoid",
    gruResetAfter: true,
    firstMaskedOutput: "zeros",
    bidirectionalZeroesMasked: true,
    mergeMasks: "or",
    recurrentPassesMask: true,
    initialStateLosesMask: true,
    timeDistributedGivesMask: true,
    stackedStates: "natural",
    padding: "tensorflow",
    batchNormEpsilon: 0.001,
    batchNormDeviation: false,
    leakyReluSlope: 0.2,
  },
  graph: {
    name: "small",
    className: "Sequential",
    layers: [
      layer("InputLayer", "input", { batchShape: [null, 2], dtype: "float32" }),
      layer("Dense", "dense", { units: 3, activation: "linear", useBias: true }),
    ],
    calls: [
      { layer: "input", args: [], kwargs: {} },
      { layer: "dense", args: [{ ref: ref("input") }], kwargs: {} },
    ],
    inputs: [ref("input")],
    outputs: [ref("dense")],
  },
  weights: { file: "weights.safetensors", parameters: 9 },
};
