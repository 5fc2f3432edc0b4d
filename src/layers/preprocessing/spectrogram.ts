import { ShapeError, UnsupportedLayerError } from "../../errors.ts";
import { naturalLog } from "../../natural-log.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { HostOp, Planner } from "../../plan/planner.ts";
import {
  binary,
  cast,
  concat,
  constant,
  gather,
  matmul,
  pad,
  reduce,
  slice,
  transpose,
  unary,
} from "../../plan/tensor-ops.ts";
import { weightValue } from "../activation-layers.ts";
import { flag, positive, real, text } from "../config.ts";
import { slide } from "../convolution/window.ts";
import { type BuildContext, Layer, type LayerSpec, type WeightSpec } from "../layer.ts";
import { arctan2, onCircle } from "../portable-math.ts";
import { channelsFirst } from "../reshaping.ts";

/** Pieces of `length` samples, one every `step`: [rows, samples] to [rows, count, length]. */
function framed(p: Planner, x: Value, length: number, step: number, count: number): Value {
  const [rows, samples] = x.shape as [number, number];
  return gather(p, { place: x, strides: [samples, step, 1] }, [rows, count, length], "float32");
}

const MODES = ["log", "magnitude", "psd", "real", "imag", "angle", "stft"] as const;
/** Keras' epsilon, below which it takes no logarithm. */
const LEAST = 1e-7;

/** A short-time Fourier transform by two kernels, [frame, 1, bins] each, which training may have moved. */
export class STFTSpectrogram extends Layer {
  readonly mode: (typeof MODES)[number];
  readonly length: number;
  readonly step: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.mode = text(this, this.config, "mode", "log", MODES);
    this.length = positive(this, this.config, "frameLength", 256);
    this.step = positive(this, this.config, "frameStep", Math.floor(this.length / 2));
  }

  override weightSpecs(): readonly WeightSpec[] {
    const names = [...(this.mode === "imag" ? [] : ["realKernel"]), ...(this.mode === "real" ? [] : ["imagKernel"])];
    return names.map((name) => ({ name, shape: [this.length, 1, null], trainable: true }));
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    this.checkInput(x, 3);
    const signal = channelsFirst(this) ? x : transpose(p, x, [0, 2, 1]);
    const [batch, channels, samples] = signal.shape as [number, number, number];
    const padding = text(this, this.config, "padding", "valid", ["valid", "same"]);
    const axis = { kernel: this.length, stride: this.step, dilation: 1 };
    const { before, count } = slide(this, padding, samples, axis);
    const behind = Math.max((count - 1) * this.step + this.length - samples - before, 0);
    const rows = pad(p, reshaped(cast(p, signal, "float32"), [batch * channels, samples]), [
      [0, 0],
      [before, behind],
    ]);
    const frames = framed(p, rows, this.length, this.step, count);
    const part = (name: string): Value => {
      const kernel = this.needWeight(name);
      const bins = kernel.shape.at(-1)!;
      return matmul(p, frames, reshaped(weightValue(p, this, kernel), [this.length, bins]));
    };
    const made = this.#measure(p, part);
    return [this.#ordered(p, reshaped(made, [batch, channels, count, made.shape.at(-1)!]))];
  }

  /** What the mode makes of the two parts: [rows, frames, bins]. */
  #measure(p: Planner, part: (name: string) => Value): Value {
    const { mode } = this;
    if (mode === "real" || mode === "imag") return part(`${mode}Kernel`);
    const [re, im] = [part("realKernel"), part("imagKernel")];
    if (mode === "stft") return concat(p, [re, im], -1);
    if (mode === "angle") return angles(p, im, re);
    const power = binary(p, "add", unary(p, "square", re), unary(p, "square", im));
    if (mode === "psd") {
      const bins = power.shape.at(-1)!;
      const inner = pad(p, slice(p, power, -1, 1, bins - 2), [
        [0, 0],
        [0, 0],
        [1, 1],
      ]);
      return binary(p, "add", power, inner);
    }
    const magnitude = unary(p, "sqrt", binary(p, "maximum", power, LEAST));
    return mode === "magnitude" ? magnitude : unary(p, "log", binary(p, "maximum", magnitude, LEAST));
  }

  /** [batch, channels, frames, bins] in the order that the config asks for. */
  #ordered(p: Planner, x: Value): Value {
    const [batch, channels, frames, bins] = x.shape as [number, number, number, number];
    if (flag(this, this.config, "expandDims", false)) return channelsFirst(this) ? x : transpose(p, x, [0, 2, 3, 1]);
    if (channelsFirst(this)) return reshaped(transpose(p, x, [0, 1, 3, 2]), [batch, channels * bins, frames]);
    return reshaped(transpose(p, x, [0, 2, 1, 3]), [batch, frames, channels * bins]);
  }
}

/** The angle of each pair, in JavaScript. */
export function angles(p: Planner, y: Value, x: Value): Value {
  const out = p.tensor(x.shape);
  const count = x.shape.reduce((a, b) => a * b, 1);
  const run: HostOp["run"] = ({ f32 }, [to, top, side]) => {
    for (let i = 0; i < count; i++) f32[(to! >> 2) + i] = arctan2(f32[(top! >> 2) + i]!, f32[(side! >> 2) + i]!);
  };
  p.host([out, y, x], run, { kernel: "angles", args: { y: out, top: y, side: x, count } });
  return out;
}

/** Power in mel bands over time: [batch, samples] to [batch, bands, frames], in decibels if the config says so. */
export class MelSpectrogram extends Layer {
  readonly fft: number;
  readonly step: number;
  readonly length: number;
  readonly bands: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.fft = positive(this, this.config, "fftLength", 2048);
    this.step = positive(this, this.config, "sequenceStride", 512);
    this.length = positive(this, this.config, "sequenceLength", this.fft);
    this.bands = positive(this, this.config, "numMelBins", 128);
  }

  /** Decibels are cut below the loudest of the whole batch. */
  override get mixesRows(): boolean {
    return flag(this, this.config, "powerToDb", true);
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = cast(p, inputs[0]!, "float32");
    this.checkInput(x, 2);
    const half = this.fft >> 1;
    const bins = half + 1;
    const samples = x.shape[1]!;
    if (samples <= half) {
      throw new ShapeError(`${this}: expected more than ${half} samples (half of fftLength); got ${samples}.`);
    }
    const mirrored = concat(p, [slice(p, x, 1, half, half, -1), x, slice(p, x, 1, samples - 2, half, -1)], 1);
    const count = Math.floor((samples + 2 * half - this.fft) / this.step) + 1;
    const frames = framed(p, mirrored, this.fft, this.step, count);
    const waves = matmul(
      p,
      frames,
      constant(p, this, "waves", () => this.#waves(), [this.fft, 2 * bins]),
    );
    const [re, im] = [slice(p, waves, -1, 0, bins), slice(p, waves, -1, bins, bins)];
    const size = binary(p, "add", unary(p, "square", re), unary(p, "square", im));
    const power = this.#raised(p, size);
    const mel = matmul(
      p,
      power,
      constant(p, this, "mel", () => this.#melMatrix(bins), [bins, this.bands]),
    );
    const y = flag(this, this.config, "powerToDb", true) ? this.#decibels(p, mel) : mel;
    return [transpose(p, y, [0, 2, 1])];
  }

  /** |z| to the power that the config names, from |z|². */
  #raised(p: Planner, squares: Value): Value {
    const exponent = real(this, this.config, "magExp", 2);
    if (exponent === 2) return squares;
    const size = unary(p, "sqrt", squares);
    if (exponent === 1) return size;
    return unary(p, "exponential", binary(p, "multiply", unary(p, "log", size), exponent));
  }

  #decibels(p: Planner, mel: Value): Value {
    const least = real(this, this.config, "minPower", 1e-10);
    const reference = Math.max(Math.abs(real(this, this.config, "refPower", 1)), least);
    const tens = (x: Value) => binary(p, "multiply", unary(p, "log", x), 10 / Math.LN10);
    const log = binary(p, "subtract", tens(binary(p, "maximum", mel, least)), (10 * naturalLog(reference)) / Math.LN10);
    const top = reduce(p, "max", log);
    return binary(p, "maximum", log, binary(p, "subtract", top, real(this, this.config, "topDb", 80)));
  }

  /** The window times the cosines and sines of each bin: [fft, 2 · bins]. */
  #waves(): Float32Array {
    const { fft, length } = this;
    const bins = (fft >> 1) + 1;
    const window = this.#window();
    const before = Math.floor((fft - length) / 2);
    const table = new Float32Array(fft * 2 * bins);
    for (let i = 0; i < length; i++) {
      const n = i + before;
      for (let k = 0; k < bins; k++) {
        const { cos, sin } = onCircle(n * k, fft);
        table[n * 2 * bins + k] = window[i]! * cos;
        table[n * 2 * bins + bins + k] = -window[i]! * sin;
      }
    }
    return table;
  }

  #window(): readonly number[] {
    const { window = "hann" } = this.config;
    const { length } = this;
    if (Array.isArray(window) && window.length === length) return window.map(Number);
    if (window === null) return new Array<number>(length).fill(1);
    if (window !== "hann" && window !== "hamming") {
      throw new UnsupportedLayerError(
        `${this}: the window ${JSON.stringify(window).slice(0, 60)} is not supported; "hann", "hamming" and ${length} numbers are.`,
      );
    }
    const [a, b] = window === "hann" ? [0.5, 0.5] : [0.54, 0.46];
    // TensorFlow's periodic window of an odd length is the symmetric one.
    const turn = length % 2 === 0 ? length : length - 1;
    return Array.from({ length }, (_, i) => a - b * onCircle(i, Math.max(turn, 1)).cos);
  }

  /** Triangles in HTK's mel scale, as Keras computes them in float32: [bins, bands]. */
  #melMatrix(bins: number): Float32Array {
    const rate = real(this, this.config, "samplingRate", 16000);
    const low = real(this, this.config, "minFreq", 20);
    const high = real(this, this.config, "maxFreq", Math.floor(rate / 2)) || Math.floor(rate / 2);
    const mel = (hertz: number) => Math.fround(1127 * Math.fround(naturalLog(1 + hertz / 700)));
    const [first, last] = [mel(low), mel(high)];
    const edges = Array.from({ length: this.bands + 2 }, (_, i) =>
      Math.fround(first + ((last - first) * i) / (this.bands + 1)),
    );
    const table = new Float32Array(bins * this.bands);
    for (let bin = 1; bin < bins; bin++) {
      const own = mel(Math.fround(((rate / 2) * bin) / (bins - 1)));
      for (let band = 0; band < this.bands; band++) {
        const [lower, center, upper] = edges.slice(band, band + 3) as [number, number, number];
        const rising = (own - lower) / (center - lower);
        const falling = (upper - own) / (upper - center);
        table[bin * this.bands + band] = Math.max(0, Math.min(rising, falling));
      }
    }
    return table;
  }
}
