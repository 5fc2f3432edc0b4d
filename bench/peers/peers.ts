import type { Workload } from "../workloads.ts";

/** A row of the tables: a module of this folder and its options. */
export interface Peer {
  readonly id: string;
  readonly label: string;
  readonly module: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** False for workloads that it cannot run. */
  readonly runs?: (workload: Workload) => boolean;
  /** What its outputs are compared with: null means that they cannot agree, and only times are shown. */
  readonly reference?: "resetBefore" | null;
  /** True if it runs in a page only. */
  readonly needsPage?: true;
}

/** The rival that ratios refer to. */
export const BASELINE = "ort-web";

const hasOneLayer = ({ layers, kind }: Workload) => layers.length === 1 && kind === "sequence";

/** Loops that would take seconds a call say nothing: they are left out above this. */
const PLAIN_LIMIT_FLOPS = 3e8;

export const PEERS: readonly Peer[] = [
  { id: "rnn-wasm", label: "rnn-wasm", module: "./rnn-wasm.mjs" },
  { id: "rnn-wasm-simd", label: "rnn-wasm, simd build", module: "./rnn-wasm.mjs", options: { build: "simd" } },
  { id: "ort-web", label: "ONNX Runtime Web", module: "./onnxruntime-web.mjs" },
  { id: "ort-node", label: "ONNX Runtime Node (native, AVX2)", module: "./onnxruntime-node.mjs" },
  {
    id: "tfjs-wasm",
    label: "TensorFlow.js (wasm)",
    module: "./tfjs.mjs",
    options: { backend: "wasm" },
    reference: "resetBefore",
  },
  {
    id: "brain",
    label: "brain.js",
    module: "./brain.mjs",
    reference: null,
    runs: (workload) => hasOneLayer(workload) && workload.flops < PLAIN_LIMIT_FLOPS,
  },
  { id: "litert", label: "LiteRT.js", module: "./litert.mjs", needsPage: true },
  { id: "naive", label: "plain JavaScript", module: "./naive.mjs", runs: ({ flops }) => flops < PLAIN_LIMIT_FLOPS },
];

/** The peer of that id. */
export function peerOf(id: string): Peer {
  const peer = PEERS.find((entry) => entry.id === id);
  if (!peer) throw new Error(`There is no peer "${id}"; there are ${PEERS.map((entry) => entry.id).join(", ")}.`);
  return peer;
}
