/** A row of the training tables. */
export interface TrainingPeer {
  readonly id: string;
  readonly label: string;
  /** The module of this folder; the Python ones are torch_peer.py and keras_peer.py. */
  readonly module: "./rnn-wasm.mjs" | "./tfjs.mjs" | "torch" | "keras";
  readonly options?: { readonly dropout?: number; readonly [key: string]: unknown };
  readonly env?: Readonly<Record<string, string>>;
  /** Samples of a round where all would take minutes. */
  readonly samples?: number;
}

const ONE_THREAD = { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
/** PyTorch, oneDNN and MKL as on a machine without AVX-512. */
const AVX2 = { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2", MKL_ENABLE_INSTRUCTIONS: "AVX2" };
/** The rate of both dropouts of the post's model. */
const RATE = 0.2;

export const TRAINING_PEERS: readonly TrainingPeer[] = [
  { id: "rnn-wasm", label: "rnn-wasm", module: "./rnn-wasm.mjs" },
  { id: "rnn-wasm-2", label: "rnn-wasm, 2 threads", module: "./rnn-wasm.mjs", options: { workers: 2 } },
  { id: "rnn-wasm-simd", label: "rnn-wasm, simd build", module: "./rnn-wasm.mjs", options: { build: "simd" } },
  { id: "torch", label: "PyTorch, 1 thread", module: "torch", env: ONE_THREAD },
  { id: "torch-avx2", label: "PyTorch, 1 thread, AVX2 at most", module: "torch", env: { ...ONE_THREAD, ...AVX2 } },
  { id: "keras", label: "Keras on TensorFlow, 1 thread", module: "keras", env: ONE_THREAD },
  {
    id: "rnn-wasm-dropout",
    label: "rnn-wasm, both dropouts 0.2",
    module: "./rnn-wasm.mjs",
    options: { dropout: RATE },
  },
  {
    id: "keras-dropout",
    label: "Keras on TensorFlow, 1 thread, both dropouts 0.2",
    module: "keras",
    options: { dropout: RATE },
    env: ONE_THREAD,
  },
  { id: "tfjs-wasm", label: "TensorFlow.js (wasm)", module: "./tfjs.mjs", options: { backend: "wasm" }, samples: 32 },
  { id: "tfjs-cpu", label: "TensorFlow.js (cpu)", module: "./tfjs.mjs", options: { backend: "cpu" }, samples: 32 },
];
