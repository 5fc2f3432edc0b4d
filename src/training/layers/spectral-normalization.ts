import { integer } from "../../layers/config.ts";
import { SpectralNormalization } from "../../layers/spectral-normalization.ts";
import type { Rule } from "../tape.ts";

/** The vector a at length one. */
function unit(a: Float64Array): Float64Array {
  const square = a.reduce((sum, value) => sum + value * value, 0);
  return a.map((value) => value / Math.sqrt(Math.max(square, 1e-12)));
}

/**
 * Divides a kernel [rows, columns] by its largest singular value, as found by power iteration from u [columns] on, which
 * moves along (Miyato et al. 2018, algorithm 1). Zeros stay.
 */
function normalise(kernel: Float32Array, u: Float32Array, iterations: number): void {
  if (kernel.every((value) => value === 0)) return;
  const columns = u.length;
  const rows = kernel.length / columns;
  const product = (right: Float64Array) =>
    Float64Array.from({ length: rows }, (_, row) =>
      right.reduce((sum, b, i) => sum + kernel[row * columns + i]! * b, 0),
    );
  const turned = (left: Float64Array) =>
    Float64Array.from({ length: columns }, (_, i) =>
      left.reduce((sum, a, row) => sum + a * kernel[row * columns + i]!, 0),
    );
  let after: Float64Array = Float64Array.from(u);
  let left: Float64Array = new Float64Array(rows);
  for (let i = 0; i < iterations; i++) {
    left = unit(product(after));
    after = unit(turned(left));
  }
  const norm = product(after).reduce((sum, value, row) => sum + value * left[row]!, 0);
  u.set(after);
  for (const [i, value] of kernel.entries()) kernel[i] = value / norm;
}

/** Normalises the kernel of the layer inside before each step of training; the gradient is that of the new kernel. */
export const spectralNormalizationRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof SpectralNormalization)) throw new TypeError(`${layer} is no SpectralNormalization`);
  const inner = layer.layer;
  if (tape.training) {
    const name = inner.weight("kernel") ? "kernel" : "embeddings";
    const [kernel, u] = [tape.needWeight(inner, name), tape.needWeight(layer, "vectorU")];
    const sizes = [inner.needWeight(name).data.length, layer.needWeight("vectorU").data.length] as const;
    const iterations = integer(layer, layer.config, "powerIterations", 1);
    tape.p.host([kernel, u], ({ f32 }, [kernelAt, uAt]) => {
      const view = (address: number, size: number) => f32.subarray(address >> 2, (address >> 2) + size);
      normalise(view(kernelAt!, sizes[0]), view(uAt!, sizes[1]), iterations);
    });
  }
  return tape.step(inner, inputs, call);
};
