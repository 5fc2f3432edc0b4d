import { isQuantizable, quantize as toInt8 } from "../../layers/quantized.ts";
import { float32ToFloat16 } from "../float16.ts";
import { asItIs, storedInt8, type WeightEncoding } from "./write.ts";

/** How the weights of a file are rounded. */
export interface Rounding {
  /** float16 halves the file and rounds to 11 bits; float32 widens what is quantised. */
  readonly dtype?: "float32" | "float16" | undefined;
  /** int8 keeps the kernels of LSTM, GRU, SimpleRNN and Dense and the tables of Embedding in a quarter of the bytes. */
  readonly quantize?: "int8" | "float16" | undefined;
}

/** The encoding for `writeNative` that rounds so; without options weights are stored as they are. */
export function weightEncoding({ dtype, quantize }: Rounding): WeightEncoding {
  if (dtype === "float16" || quantize === "float16") {
    return ({ data, shape }) => ({ numbers: { dtype: "F16", shape, data: float32ToFloat16(data) } });
  }
  if (dtype === "float32") return ({ data, shape }) => ({ numbers: { dtype: "F32", shape, data } });
  if (quantize !== "int8") return asItIs;
  return (weight, axis) => {
    const fresh = !weight.quantized && axis && isQuantizable(weight.shape, axis);
    return fresh ? storedInt8(weight.shape, toInt8(weight.data, weight.shape, axis)) : asItIs(weight);
  };
}
