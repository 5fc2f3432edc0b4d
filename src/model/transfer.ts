import type { Arena } from "../engine/memory.ts";
import type { Value } from "../plan/buffer.ts";
import { type DType, sizeOf, type Tensor } from "../tensor.ts";

/** Copies a tensor of numbers into linear memory as the given dtype. Fractions are cut off for int32, as Keras does. */
export function writeInput(memory: Arena, address: number, tensor: Tensor, dtype: DType): void {
  const data = tensor.data as Float32Array | Int32Array;
  if (dtype === "float32") memory.f32.set(data, address >> 2);
  else if (dtype === "int32") memory.i32.set(data, address >> 2);
  else for (let i = 0; i < data.length; i++) memory.u8[address + i] = data[i] === 0 ? 0 : 1;
}

/** A value as a tensor: numbers are a view of linear memory, as long as that does not grow; booleans become 0 and 1. */
export function viewOutput(memory: Arena, address: number, value: Value): Tensor {
  const { shape, dtype } = value;
  const size = sizeOf(shape);
  if (value.strings) return { data: value.strings as string[], shape };
  if (dtype === "bool") return { data: Int32Array.from(memory.u8.subarray(address, address + size)), shape };
  const at = address >> 2;
  return { data: (dtype === "int32" ? memory.i32 : memory.f32).subarray(at, at + size), shape };
}
