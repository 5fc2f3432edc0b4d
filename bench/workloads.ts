import { mulberry32, uniform } from "./support/random.ts";

/** An array of a layer's weights in Keras' layout. */
export interface WorkloadWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** One layer of a workload; `weights` are Keras' (both directions' for a bidirectional layer, forward first). */
export interface WorkloadLayer {
  readonly type: "Embedding" | "LSTM" | "GRU" | "SimpleRNN" | "Dense";
  readonly name: string;
  readonly units: number;
  readonly inputs: number;
  readonly bidirectional: boolean;
  readonly returnSequences: boolean;
  readonly weights: readonly WorkloadWeight[];
}

/** A model with its inputs, the same for every peer. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  /** `step`: one timestep a call, the state carried from call to call. */
  readonly kind: "sequence" | "step";
  readonly batch: number;
  readonly timesteps: number;
  /** 0 for token ids. */
  readonly features: number;
  readonly layers: readonly WorkloadLayer[];
  /** Calls cycle through these: [batch, timesteps, features] as float32, or [batch, timesteps] ids as int32. */
  readonly inputs: readonly (Float32Array | Int32Array)[];
  /** Multiply-adds of the recurrent layers times two, for one call. */
  readonly flops: number;
}

type Recurrent = "LSTM" | "GRU" | "SimpleRNN";

const GATES = { LSTM: 4, GRU: 3, SimpleRNN: 1 };

interface Shape {
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
}

/** Weights as Keras starts them: Glorot-uniform kernels, recurrent kernels of the same spread as orthogonal ones. */
class Weights {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  recurrent(type: Recurrent, inputs: number, units: number): WorkloadWeight[] {
    const columns = GATES[type] * units;
    const bias = type === "GRU" ? [2, columns] : [columns];
    return [
      this.weight("kernel", [inputs, columns], Math.sqrt(6 / (inputs + columns))),
      this.weight("recurrentKernel", [units, columns], Math.sqrt(3 / units) * 0.9),
      this.weight("bias", bias, 0.1),
    ];
  }

  weight(name: string, shape: readonly number[], limit: number): WorkloadWeight {
    const length = shape.reduce((a, b) => a * b, 1);
    return { name, shape, data: uniform(length, limit, this.#random) };
  }
}

function recurrentLayer(
  weights: Weights,
  type: Recurrent,
  name: string,
  inputs: number,
  units: number,
  options: { bidirectional?: boolean; returnSequences?: boolean } = {},
): WorkloadLayer {
  const { bidirectional = false, returnSequences = false } = options;
  const directions = Array.from({ length: bidirectional ? 2 : 1 }, () => weights.recurrent(type, inputs, units));
  return { type, name, units, inputs, bidirectional, returnSequences, weights: directions.flat() };
}

function flopsOf(layers: readonly WorkloadLayer[], batch: number, timesteps: number): number {
  let flops = 0;
  for (const { type, units, inputs, bidirectional } of layers) {
    if (type === "Embedding" || type === "Dense") continue;
    flops += 2 * (inputs + units) * GATES[type] * units * batch * timesteps * (bidirectional ? 2 : 1);
  }
  return flops;
}

function sequence(id: string, title: string, shape: Shape, layers: readonly WorkloadLayer[], calls = 2): Workload {
  const random = mulberry32(1 + shape.batch);
  const inputs = Array.from({ length: calls }, () =>
    uniform(shape.batch * shape.timesteps * shape.features, 1, random),
  );
  return {
    id,
    title,
    kind: "sequence",
    ...shape,
    layers,
    inputs,
    flops: flopsOf(layers, shape.batch, shape.timesteps),
  };
}

/** One recurrent layer, as the suites `layers`, `growth` and `parallel` vary it. */
export function singleLayer(
  type: Recurrent,
  units: number,
  features: number,
  timesteps: number,
  batch: number,
  id = `${type.toLowerCase()}_u${units}_t${timesteps}_b${batch}`,
): Workload {
  const layer = recurrentLayer(new Weights(7), type, "recurrent", features, units);
  const letter = /^[A-Z]_/.test(id) ? `${id[0]} ` : "";
  const title = `${letter}${type}(${units}) in ${features}, T=${timesteps}, batch ${batch}`;
  return sequence(id, title, { batch, timesteps, features }, [layer]);
}

const VOCABULARY = 20000;

/** Embedding(20000, 128) → LSTM(128) → Dense(1, sigmoid), 100 tokens: the IMDB classic. */
export function sentimentModel(id: string, title: string, inputs: readonly Int32Array[], batch: number): Workload {
  const weights = new Weights(11);
  const timesteps = 100;
  const layers: WorkloadLayer[] = [
    {
      type: "Embedding",
      name: "embedding",
      units: 128,
      inputs: VOCABULARY,
      bidirectional: false,
      returnSequences: true,
      weights: [weights.weight("embeddings", [VOCABULARY, 128], 0.5)],
    },
    recurrentLayer(weights, "LSTM", "lstm", 128, 128),
    {
      type: "Dense",
      name: "dense",
      units: 1,
      inputs: 128,
      bidirectional: false,
      returnSequences: false,
      weights: [weights.weight("kernel", [128, 1], 0.2), weights.weight("bias", [1], 0.1)],
    },
  ];
  return {
    id,
    title,
    kind: "sequence",
    batch,
    timesteps,
    features: 0,
    layers,
    inputs,
    flops: flopsOf(layers, batch, timesteps),
  };
}

/** Embedding(vocabulary, 64) → LSTM or GRU: what a model of characters runs a step. */
export function characterModel(type: Recurrent, vocabulary: number, units: number): Workload {
  const embeddings = new Weights(19).weight("embeddings", [vocabulary, 64], 0.5);
  const base = { bidirectional: false, returnSequences: true };
  const layers: WorkloadLayer[] = [
    { type: "Embedding", name: "embedding", units: 64, inputs: vocabulary, ...base, weights: [embeddings] },
    recurrentLayer(new Weights(23), type, type.toLowerCase(), 64, units),
  ];
  const id = `${type.toLowerCase()}_characters`;
  return { id, title: id, kind: "sequence", batch: 1, timesteps: 100, features: 0, layers, inputs: [], flops: 0 };
}

function sentimentAt(batch: number): Workload {
  const random = mulberry32(5);
  // Many calls, so that products kept of words met before count for less: 64 reviews name 5,500 words, of which 2,048 are kept.
  const inputs = Array.from({ length: batch === 1 ? 64 : 16 }, () =>
    Int32Array.from({ length: batch * 100 }, () => Math.floor(random() * VOCABULARY)),
  );
  return sentimentModel(
    `A_model_b${batch}`,
    `A Embedding(20000,128)→LSTM(128)→Dense(1), T=100, batch ${batch}`,
    inputs,
    batch,
  );
}

function stackedBidirectional(batch: number): Workload {
  const weights = new Weights(13);
  const options = { bidirectional: true, returnSequences: true };
  const shape = { batch, timesteps: 200, features: 256 };
  return sequence(
    `E_bilstm2_b${batch}`,
    `E 2×Bidirectional(LSTM(256)) in 256, T=200, batch ${batch}, all outputs`,
    shape,
    [
      recurrentLayer(weights, "LSTM", "lower", 256, 256, options),
      recurrentLayer(weights, "LSTM", "upper", 512, 256, options),
    ],
    1,
  );
}

function stepOf(units: number): Workload {
  const layer = recurrentLayer(new Weights(17), "LSTM", "lstm", units, units);
  const title = `C LSTM(${units}) single step, state carried, batch 1`;
  const shape = { batch: 1, timesteps: 1, features: units };
  return { ...sequence(`C_step_u${units}`, title, shape, [layer], 8), kind: "step" };
}

/** Makers by id: a workload is made when its turn comes, so that only one is in memory. */
export const WORKLOADS: Readonly<Record<string, () => Workload>> = {
  A_lstm_b1: () => singleLayer("LSTM", 128, 128, 100, 1, "A_lstm_b1"),
  A_lstm_b32: () => singleLayer("LSTM", 128, 128, 100, 32, "A_lstm_b32"),
  A_model_b1: () => sentimentAt(1),
  A_model_b32: () => sentimentAt(32),
  B_gru_b1: () => singleLayer("GRU", 32, 1, 50, 1, "B_gru_b1"),
  B_gru_b32: () => singleLayer("GRU", 32, 1, 50, 32, "B_gru_b32"),
  B_gru_b256: () => singleLayer("GRU", 32, 1, 50, 256, "B_gru_b256"),
  C_step_u16: () => stepOf(16),
  C_step_u32: () => stepOf(32),
  C_step_u64: () => stepOf(64),
  C_step_u128: () => stepOf(128),
  C_step_u256: () => stepOf(256),
  D_rnn_b1: () => singleLayer("SimpleRNN", 64, 64, 200, 1, "D_rnn_b1"),
  D_rnn_b32: () => singleLayer("SimpleRNN", 64, 64, 200, 32, "D_rnn_b32"),
  E_bilstm2_b1: () => stackedBidirectional(1),
  E_bilstm2_b8: () => stackedBidirectional(8),
};
