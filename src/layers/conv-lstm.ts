import { ShapeError, UnsupportedLayerError } from "../errors.ts";
import type { Place, Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { transpose } from "../plan/tensor-ops.ts";
import { formatShape, type Shape } from "../tensor.ts";
import { activation, flag, integers, positive, text } from "./config.ts";
import type { BuildContext, Layer, LayerSpec, Weight, WeightSpec } from "./layer.ts";
import { packedKernel } from "./packed-weights.ts";
import { type Pass, type PassOptions, Recurrent, type RecurrentInputs } from "./recurrent.ts";
import { type CellShapes, type SequenceCell, type SequenceRun, shifted } from "./sequence-run.ts";

/** One spatial axis of a convolution. */
interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
  readonly output: number;
}

const UNUSED: Axis = { size: 1, kernel: 1, stride: 1, dilation: 1, padding: 0, output: 1 };

/**
 * Steps of a ConvLSTM, channels last. Each step gathers the patches of input and state into rows, and the LSTM kernel
 * takes every position of the picture as one row of a batch; its own recurrent kernel is zero.
 */
export class ConvLstmSteps implements SequenceCell {
  readonly owner: Layer;
  readonly rank: number;
  readonly filters: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: "valid" | "same";
  readonly useBias: boolean;
  readonly activation: number;
  readonly recurrentActivation: number;
  /** Outputs of one step must lie together. */
  readonly writesStrided = false;

  constructor(owner: Layer, rank: number) {
    const { config, profile } = owner;
    this.owner = owner;
    this.rank = rank;
    this.filters = positive(owner, config, "filters");
    const sizes = (key: string, fallback?: readonly number[]) => {
      const list = integers(owner, config, key, fallback);
      const full = list.length === 1 ? new Array<number>(rank).fill(list[0]!) : list;
      if (full.length === rank && full.every((n) => n >= 1)) return full;
      throw new ShapeError(`${owner}: the config's \`${key}\` must hold ${rank} sizes ≥ 1; got [${list.join(", ")}].`);
    };
    const ones = new Array<number>(rank).fill(1);
    this.kernelSize = sizes("kernelSize");
    this.strides = sizes("strides", ones);
    this.dilation = sizes("dilationRate", ones);
    this.padding = text(owner, config, "padding", "valid", ["valid", "same"]);
    this.useBias = flag(owner, config, "useBias", true);
    this.activation = activation(owner, config, "activation", profile, "tanh").code;
    const fallback = profile.convLstmRecurrentActivation;
    this.recurrentActivation = activation(owner, config, "recurrentActivation", profile, fallback).code;
  }

  weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const { kernelSize, filters } = this;
    const channels = inputShapes?.[0]?.at(-1) ?? null;
    const specs: WeightSpec[] = [
      { name: "kernel", shape: [...kernelSize, channels, 4 * filters], trainable: true },
      { name: "recurrentKernel", shape: [...kernelSize, filters, 4 * filters], trainable: true },
    ];
    return this.useBias ? [...specs, { name: "bias", shape: [4 * filters], trainable: true }] : specs;
  }

  #inputAxes(stepShape: Shape): readonly Axis[] {
    return this.kernelSize.map((kernel, i) => {
      const size = stepShape[i]!;
      const stride = this.strides[i]!;
      const dilation = this.dilation[i]!;
      const span = (kernel - 1) * dilation + 1;
      const axis = { size, kernel, stride, dilation };
      if (this.padding === "valid") return { ...axis, padding: 0, output: Math.floor((size - span) / stride) + 1 };
      const output = Math.ceil(size / stride);
      return { ...axis, padding: this.#samePadding(size, span, stride, output, kernel), output };
    });
  }

  #stateAxes(stepShape: Shape): readonly Axis[] {
    return this.#inputAxes(stepShape).map(({ kernel, output }) => ({
      size: output,
      kernel,
      stride: 1,
      dilation: 1,
      padding: this.#samePadding(output, kernel, 1, output, kernel),
      output,
    }));
  }

  /** Theano pads half the kernel on both sides and keeps the first outputs; TensorFlow puts the odd cell behind. */
  #samePadding(size: number, span: number, stride: number, output: number, kernel: number): number {
    if (this.owner.profile.padding === "theano") return Math.floor(kernel / 2);
    return Math.floor(Math.max((output - 1) * stride + span - size, 0) / 2);
  }

  shapes(stepShape: Shape): CellShapes {
    const channels = this.owner.weight("kernel")?.shape[this.rank] ?? stepShape.at(-1);
    if (stepShape.length !== this.rank + 1 || stepShape.at(-1) !== channels) {
      throw new ShapeError(
        `${this.owner}: expected steps of ${this.rank} spatial axes and ${channels} channels; got ${formatShape(stepShape)}.`,
      );
    }
    const picture = this.#inputAxes(stepShape).map((axis) => axis.output);
    if (picture.some((n) => n < 1)) {
      throw new ShapeError(`${this.owner}: steps of ${formatShape(stepShape)} are smaller than the kernel.`);
    }
    const shape = [...picture, this.filters];
    return { output: shape, states: [shape, shape] };
  }

  runSequence(p: Planner, run: SequenceRun): void {
    const { filters, owner } = this;
    const inputAxes = this.#inputAxes(run.stepShape);
    const stateAxes = this.#stateAxes(run.stepShape);
    const channels = run.stepShape.at(-1)!;
    const taps = this.kernelSize.reduce((a, b) => a * b, 1);
    const positions = stateAxes.reduce((product, axis) => product * axis.output, 1);
    const columns = taps * (channels + filters);
    const rowBytes = 4 * positions * filters;
    const kernel = packedKernel(p, owner, "joined", joined(owner, columns, filters), 4);
    const zeros: Weight = {
      name: "zeros",
      shape: [filters, 4 * filters],
      data: new Float32Array(4 * filters * filters),
      trainable: false,
    };
    const recurrentKernel = packedKernel(p, owner, "zeros", zeros, 4);
    const bias = packedKernel(p, owner, "bias", owner.weight("bias"), 4, filters);
    const scratchBytes = p.store.measure((engine) =>
      engine.kernels.recurrentScratchBytes(positions, 1, columns, filters, 4, 0),
    );
    const scratch = scratchBytes > 0 ? { buffer: p.buffer(scratchBytes), offset: 0 } : 0;
    const zeroState = run.initial ? undefined : p.tensor([positions, filters]);
    if (zeroState) p.host([zeroState], (memory, [at]) => memory.u8.fill(0, at!, at! + rowBytes));
    for (let b = 0; b < run.batch; b++) {
      const final = run.final.map((place) => shifted(place, b * rowBytes));
      let state: readonly Place[] = run.initial
        ? run.initial.map((place) => shifted(place, b * rowBytes))
        : [zeroState!, zeroState!];
      for (let t = 0; t < run.timesteps; t++) {
        const rows = p.tensor([positions, columns]);
        const x = shifted(run.x.place, 4 * (b * run.x.batchStride + t * run.x.timeStride));
        gather(p, rows, columns, x, channels, inputAxes);
        gather(p, shifted(rows, 4 * taps * channels), columns, state[0]!, filters, stateAxes);
        const last = run.returnSequences ? t : 0;
        p.emit("lstmForward", {
          y: shifted(run.y.place, 4 * (b * run.y.batchStride + last * run.y.timeStride)),
          yBatchStride: filters,
          yTimeStride: filters,
          hOut: final[0]!,
          cOut: final[1]!,
          hIn: state[0]!,
          cIn: state[1]!,
          x: rows,
          xBatchStride: columns,
          xTimeStride: columns,
          xIndex: 0,
          xIndexBatchStride: 0,
          xIndexTimeStride: 0,
          xRows: 0,
          mask: run.mask ? shifted(run.mask.place, b * run.mask.batchStride + t * run.mask.timeStride) : 0,
          maskBatchStride: 0,
          maskTimeStride: 0,
          kernel,
          recurrentKernel,
          bias,
          scratch,
          batch: positions,
          timesteps: 1,
          features: columns,
          units: filters,
          activation: this.activation,
          recurrentActivation: this.recurrentActivation,
          returnSequences: 1,
          zeroOutputForMask: Number(run.zeroOutputForMask),
          firstMaskedOutput: 1,
        });
        state = final;
      }
    }
    if (run.mask && run.initial && !run.firstMaskedIsInitial) zeroLeadingSteps(p, run, rowBytes);
  }
}

/** The input and recurrent kernels as one matrix [taps · channels + taps · filters, 4 · filters]. */
function joined(owner: Layer, rows: number, filters: number): Weight {
  const kernel = owner.needWeight("kernel");
  const recurrent = owner.needWeight("recurrentKernel");
  return {
    name: "joined",
    shape: [rows, 4 * filters],
    trainable: true,
    get data() {
      const all = new Float32Array(kernel.data.length + recurrent.data.length);
      all.set(kernel.data);
      all.set(recurrent.data, kernel.data.length);
      return all;
    },
  };
}

function gather(p: Planner, y: Place, yStride: number, x: Place, channels: number, axes: readonly Axis[]): void {
  const [a, b, c] = [...axes, UNUSED, UNUSED, UNUSED] as [Axis, Axis, Axis];
  p.emit("gatherPatches", {
    y,
    yStride,
    x,
    channels,
    n1: a.size,
    n2: b.size,
    n3: c.size,
    k1: a.kernel,
    k2: b.kernel,
    k3: c.kernel,
    s1: a.stride,
    s2: b.stride,
    s3: c.stride,
    d1: a.dilation,
    d2: b.dilation,
    d3: c.dilation,
    p1: a.padding,
    p2: b.padding,
    p3: c.padding,
    o1: a.output,
    o2: b.output,
    o3: c.output,
  });
}

/** Masked steps before the first unmasked one put out zeros although the state is not zero. */
function zeroLeadingSteps(p: Planner, run: SequenceRun, rowBytes: number): void {
  const mask = run.mask!;
  p.host([mask.place, run.y.place], (memory, [maskAt, yAt]) => {
    for (let b = 0; b < run.batch; b++) {
      let t = 0;
      while (t < run.timesteps && memory.u8[maskAt! + b * mask.batchStride + t * mask.timeStride] === 0) {
        const at = yAt! + 4 * (b * run.y.batchStride + t * run.y.timeStride);
        if (run.returnSequences || t === run.timesteps - 1) memory.u8.fill(0, at, at + rowBytes);
        t++;
      }
    }
  });
}

/** Moves the channels of [batch, timesteps, channels, …] or [batch, channels, …] to the end, or back. */
function moveChannels(p: Planner, x: Value, from: number, to: number): Value {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return { ...transpose(p, x, order), mask: x.mask };
}

/** An LSTM whose products are convolutions over `rank` spatial axes. */
abstract class ConvLSTM extends Recurrent {
  readonly cell: ConvLstmSteps;
  readonly channelsFirst: boolean;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context);
    this.cell = new ConvLstmSteps(this, rank);
    const format = text(this, this.config, "dataFormat", "channels_last", ["channels_last", "channels_first"]);
    this.channelsFirst = format === "channels_first";
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return this.cell.weightSpecs(inputShapes);
  }

  override pass(p: Planner, inputs: RecurrentInputs, options: PassOptions = {}): Pass {
    if (p.session) {
      throw new UnsupportedLayerError(
        `${this} cannot run in a session: convolutional states are not streamed. Use predict.`,
      );
    }
    if (!this.channelsFirst || inputs.x.shape.length !== this.cell.rank + 3) return super.pass(p, inputs, options);
    const x = moveChannels(p, inputs.x, 2, this.cell.rank + 2);
    const initialState = inputs.initialState.map((state) => moveChannels(p, state, 1, state.shape.length - 1));
    const { y, states } = super.pass(p, { ...inputs, x, initialState }, options);
    const back = (value: Value, axis: number) => moveChannels(p, value, value.shape.length - 1, axis);
    return { y: y && back(y, this.returnSequences ? 2 : 1), states: states.map((state) => back(state, 1)) };
  }
}

/** ConvLSTM over [batch, timesteps, length, channels]. */
export class ConvLSTM1D extends ConvLSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }
}

/** ConvLSTM over [batch, timesteps, rows, columns, channels]. */
export class ConvLSTM2D extends ConvLSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }
}

/** ConvLSTM over [batch, timesteps, depth, rows, columns, channels]. */
export class ConvLSTM3D extends ConvLSTM {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 3);
  }
}
