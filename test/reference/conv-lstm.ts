/** A picture of one row: [rows, columns, channels], row-major. */
export interface Picture {
  readonly shape: readonly [number, number, number];
  readonly data: Float64Array;
}

/** Options of a ConvLSTM2D's input convolution. */
export interface ConvLstmOptions {
  readonly filters: number;
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: "valid" | "same";
}

/** Cross-correlation with TensorFlow's padding; kernel [rows, columns, channels, outputs]. */
function convolve(
  x: Picture,
  kernel: ArrayLike<number>,
  outputs: number,
  { kernelSize, strides, dilation, padding }: Omit<ConvLstmOptions, "filters">,
): Picture {
  const [rows, columns, channels] = x.shape;
  const axes = [rows, columns].map((size, i) => {
    const span = (kernelSize[i]! - 1) * dilation[i]! + 1;
    if (padding === "valid") return { out: Math.floor((size - span) / strides[i]!) + 1, before: 0 };
    const out = Math.ceil(size / strides[i]!);
    return { out, before: Math.floor(Math.max((out - 1) * strides[i]! + span - size, 0) / 2) };
  });
  const [r, c] = axes as [(typeof axes)[0], (typeof axes)[0]];
  const y = new Float64Array(r.out * c.out * outputs);
  for (let i = 0; i < r.out; i++)
    for (let j = 0; j < c.out; j++)
      for (let ki = 0; ki < kernelSize[0]; ki++)
        for (let kj = 0; kj < kernelSize[1]; kj++) {
          const a = i * strides[0] - r.before + ki * dilation[0];
          const b = j * strides[1] - c.before + kj * dilation[1];
          if (a < 0 || b < 0 || a >= rows || b >= columns) continue;
          for (let n = 0; n < channels; n++)
            for (let o = 0; o < outputs; o++) {
              const weight = kernel[((ki * kernelSize[1] + kj) * channels + n) * outputs + o]!;
              y[(i * c.out + j) * outputs + o]! += x.data[(a * columns + b) * channels + n]! * weight;
            }
        }
  return { shape: [r.out, c.out, outputs], data: y };
}

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** ConvLSTM2D over one sequence: every output, and the last states. Columns i f c o; tanh and sigmoid. */
export function convLstm(
  steps: readonly Picture[],
  kernel: ArrayLike<number>,
  recurrentKernel: ArrayLike<number>,
  bias: ArrayLike<number>,
  options: ConvLstmOptions,
): { outputs: Float64Array[]; h: Float64Array; c: Float64Array } {
  const { filters, kernelSize } = options;
  const own = { kernelSize, strides: [1, 1], dilation: [1, 1], padding: "same" } as const;
  let h: Float64Array | undefined;
  let c: Float64Array | undefined;
  const outputs: Float64Array[] = [];
  for (const x of steps) {
    const z = convolve(x, kernel, 4 * filters, options);
    const positions = z.shape[0] * z.shape[1];
    h ??= new Float64Array(positions * filters);
    c ??= new Float64Array(positions * filters);
    const recurrent = convolve(
      { shape: [z.shape[0], z.shape[1], filters], data: h },
      recurrentKernel,
      4 * filters,
      own,
    );
    const next = new Float64Array(h.length);
    for (let at = 0; at < positions; at++)
      for (let f = 0; f < filters; f++) {
        const sum = (gate: number) => {
          const column = gate * filters + f;
          return z.data[at * 4 * filters + column]! + recurrent.data[at * 4 * filters + column]! + bias[column]!;
        };
        const k = at * filters + f;
        c[k] = sigmoid(sum(1)) * c[k]! + sigmoid(sum(0)) * Math.tanh(sum(2));
        next[k] = sigmoid(sum(3)) * Math.tanh(c[k]!);
      }
    h = next;
    outputs.push(h);
  }
  return { outputs, h: h!, c: c! };
}
