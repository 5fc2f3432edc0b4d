import type { Workload, WorkloadLayer } from "../workloads.ts";
import { ProtobufWriter } from "./protobuf.ts";

/** Field numbers and constants of onnx.proto; opset 17. */
const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const OPSET = 17;
const IR_VERSION = 8;

/** ONNX's gate order as positions in Keras': LSTM i o f c from i f c o; GRU z r h is the same. */
const GATE_ORDER = { LSTM: [0, 3, 1, 2], GRU: [0, 1, 2], SimpleRNN: [0] };
const OPERATORS = { LSTM: "LSTM", GRU: "GRU", SimpleRNN: "RNN" };

/** Keras' [inputs, gates × units] as ONNX' rows [gates × units, inputs] in ONNX' order of gates. */
function transposed(data: Float32Array, inputs: number, units: number, order: readonly number[]): Float32Array {
  const columns = order.length * units;
  const out = new Float32Array(inputs * columns);
  order.forEach((gate, at) => {
    for (let j = 0; j < units; j++) {
      const row = (at * units + j) * inputs;
      for (let k = 0; k < inputs; k++) out[row + k] = data[k * columns + gate * units + j]!;
    }
  });
  return out;
}

function reordered(bias: Float32Array, units: number, order: readonly number[]): Float32Array {
  const out = new Float32Array(order.length * units);
  order.forEach((gate, at) => {
    out.set(bias.subarray(gate * units, (gate + 1) * units), at * units);
  });
  return out;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

class OnnxGraph {
  readonly #graph = new ProtobufWriter();

  tensor(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    this.#graph.message(5, (tensor) => {
      for (const size of shape) tensor.integer(1, size);
      tensor
        .integer(2, data instanceof Float32Array ? FLOAT : INT64)
        .text(8, name)
        .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
    return name;
  }

  /** @param attributes - numbers, strings, or lists of numbers. */
  node(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, number | string | readonly number[]>> = {},
  ): string {
    this.#graph.message(1, (node) => {
      for (const name of inputs) node.text(1, name);
      for (const name of outputs) node.text(2, name);
      node.text(4, operator);
      for (const [name, value] of Object.entries(attributes)) {
        node.message(5, (attribute) => {
          attribute.text(1, name);
          if (typeof value === "number") attribute.integer(3, value).integer(20, 2);
          else if (typeof value === "string") attribute.text(4, value).integer(20, 3);
          else {
            for (const item of value) attribute.integer(8, item);
            attribute.integer(20, 7);
          }
        });
      }
    });
    return outputs.find((name) => name !== "")!;
  }

  #value(field: number, name: string, type: number, shape: readonly number[]): void {
    this.#graph.message(field, (value) => {
      value.text(1, name).message(2, (holder) => {
        holder.message(1, (tensor) => {
          tensor.integer(1, type).message(2, (dimensions) => {
            for (const size of shape) dimensions.message(1, (dimension) => dimension.integer(1, size));
          });
        });
      });
    });
  }

  input(name: string, type: number, shape: readonly number[]): void {
    this.#value(11, name, type, shape);
  }

  output(name: string, shape: readonly number[]): void {
    this.#value(12, name, FLOAT, shape);
  }

  finish(): Uint8Array {
    this.#graph.text(2, "workload");
    return new ProtobufWriter()
      .integer(1, IR_VERSION)
      .text(2, "rnn-wasm-bench")
      .bytes(7, this.#graph.finish())
      .message(8, (opset) => opset.text(1, "").integer(2, OPSET))
      .finish();
  }
}

function recurrentNode(graph: OnnxGraph, layer: WorkloadLayer, x: string, state: readonly string[]): string[] {
  const { name, units, inputs, bidirectional } = layer;
  const type = layer.type as keyof typeof GATE_ORDER;
  const order = GATE_ORDER[type];
  const directions = bidirectional ? 2 : 1;
  const kernels: Float32Array[] = [];
  const recurrentKernels: Float32Array[] = [];
  const biases: Float32Array[] = [];
  for (let direction = 0; direction < directions; direction++) {
    const [kernel, recurrentKernel, bias] = layer.weights.slice(direction * 3, direction * 3 + 3);
    kernels.push(transposed(kernel!.data, inputs, units, order));
    recurrentKernels.push(transposed(recurrentKernel!.data, units, units, order));
    const columns = order.length * units;
    const recurrentBias = type === "GRU" ? bias!.data.subarray(columns) : new Float32Array(columns);
    biases.push(reordered(bias!.data.subarray(0, columns), units, order), reordered(recurrentBias, units, order));
  }
  const rows = order.length * units;
  const names = [
    x,
    graph.tensor(`${name}.W`, [directions, rows, inputs], joined(kernels)),
    graph.tensor(`${name}.R`, [directions, rows, units], joined(recurrentKernels)),
    graph.tensor(`${name}.B`, [directions, 2 * rows], joined(biases)),
    ...(state.length > 0 ? ["", ...state] : []),
  ];
  const outputs = [`${name}.Y`, `${name}.h`, ...(type === "LSTM" ? [`${name}.c`] : [])];
  graph.node(OPERATORS[type], names, outputs, {
    hidden_size: units,
    direction: bidirectional ? "bidirectional" : "forward",
    ...(type === "GRU" && { linear_before_reset: 1 }),
  });
  return outputs;
}

/**
 * The workload as an ONNX model in ONNX Runtime's native layout: input `x` [timesteps, batch, features] (ids int32), output
 * `y`; a step also takes the states `h` and `c` and gives `hNext` and `cNext`.
 */
export function writeOnnx(workload: Workload): Uint8Array {
  const { batch, timesteps, features, layers, kind } = workload;
  const graph = new OnnxGraph();
  graph.input("x", features === 0 ? INT32 : FLOAT, features === 0 ? [timesteps, batch] : [timesteps, batch, features]);
  let x = "x";
  let shape: number[] = [];
  for (const layer of layers) {
    const { type, name, units, weights, returnSequences, bidirectional } = layer;
    if (type === "Embedding") {
      const table = graph.tensor(`${name}.table`, weights[0]!.shape, weights[0]!.data);
      x = graph.node("Gather", [table, x], [`${name}.y`]);
    } else if (type === "Dense") {
      const kernel = graph.tensor(`${name}.kernel`, weights[0]!.shape, weights[0]!.data);
      const bias = graph.tensor(`${name}.bias`, weights[1]!.shape, weights[1]!.data);
      x = graph.node("Sigmoid", [graph.node("Gemm", [x, kernel, bias], [`${name}.z`])], [`${name}.y`]);
      shape = [batch, units];
    } else {
      const states = kind === "step" ? ["h", "c"] : [];
      for (const state of states) graph.input(state, FLOAT, [1, batch, units]);
      const [y, h, c] = recurrentNode(graph, layer, x, states);
      if (kind === "step") {
        graph.node("Identity", [h!], ["hNext"]);
        graph.node("Identity", [c!], ["cNext"]);
        graph.output("hNext", [1, batch, units]);
        graph.output("cNext", [1, batch, units]);
        return graph.finish();
      }
      const width = units * (bidirectional ? 2 : 1);
      if (returnSequences) {
        const order = graph.node("Transpose", [y!], [`${name}.t`], { perm: [0, 2, 1, 3] });
        const target = graph.tensor(`${name}.shape`, [3], BigInt64Array.from([timesteps, batch, width].map(BigInt)));
        x = graph.node("Reshape", [order, target], [`${name}.y`]);
        shape = [timesteps, batch, width];
      } else {
        const target = graph.tensor(`${name}.shape`, [2], BigInt64Array.from([batch, width].map(BigInt)));
        x = graph.node("Reshape", [h!, target], [`${name}.y`]);
        shape = [batch, width];
      }
    }
  }
  graph.node("Identity", [x], ["y"]);
  graph.output("y", shape);
  return graph.finish();
}
