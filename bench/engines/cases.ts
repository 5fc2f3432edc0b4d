import type { Model } from "../../src/api/model.ts";
import {
  attention,
  bidirectional,
  dense,
  draft,
  embedding,
  functional,
  globalAveragePooling1D,
  gru,
  input,
  layerNormalization,
  lstm,
  masking,
  multiHeadAttention,
  sequential,
  simpleRNN,
} from "../../src/platform/training-node.ts";
import { mulberry32, uniform } from "../support/random.ts";

/** Sequences in a call; the program also predicts them one by one. */
export const BATCH = 32;
const TIMESTEPS = 11;
const FEATURES = 5;

/** A model with its input as an engine gets them: files and data are base64. */
export interface EngineCase {
  readonly id: string;
  /** By file name: model.json and weights.safetensors. */
  readonly files: Readonly<Record<string, string>>;
  /** The same model as Keras files, where the case tests their readers too. */
  readonly keras?: string;
  readonly h5?: string;
  readonly input: { readonly dtype: "float32" | "int32"; readonly shape: readonly number[]; readonly data: string };
  /** True if a session can run it step by step, with an output for every timestep. */
  readonly streams: boolean;
}

interface CaseSpec {
  readonly model: Model;
  readonly streams?: true;
  /** Writes Keras files, too. */
  readonly readers?: true;
  readonly quantize?: "int8" | "float16";
  readonly shape?: readonly number[];
  readonly tokens?: number;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

const frames = [null, FEATURES];
const all = { returnSequences: true };

/** Sizes are no multiples of four, so that the kernels' remainders run. */
const SPECS: Readonly<Record<string, () => CaseSpec>> = {
  LSTM: () => ({
    model: sequential([input(frames), lstm(37, all), dense(3, { activation: "softmax" })]),
    streams: true,
    readers: true,
  }),
  GRU: () => ({ model: sequential([input(frames), gru(19, all), gru(33, all)]), streams: true }),
  "GRU, reset before": () => ({
    model: sequential([input(frames), gru(21, { ...all, resetAfter: false, recurrentActivation: "hard_sigmoid" })]),
    streams: true,
  }),
  SimpleRNN: () => ({
    model: sequential([input(frames), masking(), simpleRNN(29, all), layerNormalization()]),
    streams: true,
  }),
  Bidirectional: () => ({
    model: sequential([
      input([null], { dtype: "int32" }),
      embedding(50, 9, { maskZero: true }),
      bidirectional(lstm(13)),
    ]),
    tokens: 50,
    readers: true,
  }),
  ConvLSTM2D: () => ({
    model: sequential([input([null, 6, 5, 2]), draft("ConvLSTM2D", { filters: 3, kernelSize: 3 })]),
    shape: [6, 5, 2],
  }),
  Attention: () => {
    const x = input(frames);
    const encoded = lstm(18, all)(x);
    return { model: functional(x, globalAveragePooling1D()(attention()([gru(18, all)(x), encoded]))) };
  },
  MultiHeadAttention: () => {
    const x = input(frames);
    const encoded = lstm(14, all)(x);
    return { model: functional(x, dense(4, { activation: "gelu" })(multiHeadAttention(2, 7)([encoded, encoded]))) };
  },
  Activations: () => ({
    model: sequential([
      input(frames),
      ...["softplus", "elu", "selu", "exponential", "silu", "softsign", "log_softmax"].flatMap((activation) => [
        lstm(10, { ...all, activation: activation === "exponential" ? "tanh" : "softsign" }),
        dense(9, { activation }),
      ]),
    ]),
  }),
  "int8 weights": () => ({
    model: sequential([input(frames), lstm(32, all), gru(24, all), dense(5)]),
    quantize: "int8",
    streams: true,
  }),
  "float16 weights": () => ({
    model: sequential([input(frames), lstm(32, all), simpleRNN(24, all), dense(5)]),
    quantize: "float16",
    streams: true,
  }),
};

function inputOf({ shape = [FEATURES], tokens }: CaseSpec): EngineCase["input"] {
  const random = mulberry32(3);
  const whole = [BATCH, TIMESTEPS, ...(tokens ? [] : shape)];
  const length = whole.reduce((a, b) => a * b, 1);
  const data = tokens
    ? Int32Array.from({ length }, () => Math.floor(random() * tokens))
    : uniform(length, 1.5, random).map((value, i) => (i % 97 < FEATURES ? 0 : value));
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype: tokens ? "int32" : "float32", shape: whole, data: base64(bytes) };
}

/** The models that every engine must compute to the same bits. */
export async function engineCases(): Promise<EngineCase[]> {
  const cases: EngineCase[] = [];
  for (const [id, make] of Object.entries(SPECS)) {
    const spec = make();
    const { model, quantize, readers, streams = false } = spec;
    const first = async (format: "keras" | "h5") => base64(Object.values((await model.export(format)).files)[0]!);
    const { files } = await model.export("rnn-wasm", quantize ? { quantize } : {});
    cases.push({
      id,
      files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, base64(bytes)])),
      ...(readers ? { keras: await first("keras"), h5: await first("h5") } : {}),
      input: inputOf(spec),
      streams,
    });
    model.dispose();
  }
  return cases;
}
