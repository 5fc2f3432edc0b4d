import { ShapeError } from "../../errors.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, slice } from "../../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor.ts";
import { type AnyActivation, anyActivation, applyActivation, fusedCode } from "../activation.ts";
import { weightValue } from "../activation-layers.ts";
import { flag, positive, text } from "../config.ts";
import { convolved } from "../convolution/convolved.ts";
import { type Axis, gatherPatches, slide, type Window, windowAxes } from "../convolution/window.ts";
import type { Layer, Weight, WeightSpec } from "../layer.ts";
import { packedKernel } from "../packed-weights.ts";
import { type CellShapes, type SequenceCell, type SequenceRun, shifted } from "./sequence-run.ts";
import { runStepwise } from "./stepwise.ts";

/**
 * Steps of a ConvLSTM, channels last. Each step gathers the patches of input and state into rows, and the LSTM kernel
 * takes every position of the picture as one row of a batch; its own recurrent kernel is zero.
 */
export class ConvLstmSteps implements SequenceCell {
  readonly owner: Layer;
  readonly rank: number;
  readonly filters: number;
  readonly axes: readonly Axis[];
  readonly padding: "valid" | "same";
  readonly useBias: boolean;
  readonly #activation: AnyActivation;
  readonly #recurrentActivation: AnyActivation;
  /** Outputs of one step must lie together. */
  readonly writesStrided = false;

  constructor(owner: Layer, rank: number) {
    const { config, profile } = owner;
    this.owner = owner;
    this.rank = rank;
    this.filters = positive(owner, config, "filters");
    this.axes = windowAxes(owner, rank);
    this.padding = text(owner, config, "padding", "valid", ["valid", "same"]);
    this.useBias = flag(owner, config, "useBias", true);
    const fallback = profile.convLstmRecurrentActivation;
    this.#activation = anyActivation(owner, config, "activation", profile, "tanh");
    this.#recurrentActivation = anyActivation(owner, config, "recurrentActivation", profile, fallback);
  }

  weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const { filters } = this;
    const kernelSize = this.axes.map((axis) => axis.kernel);
    const channels = inputShapes?.[0]?.at(-1) ?? null;
    const specs: WeightSpec[] = [
      { name: "kernel", shape: [...kernelSize, channels, 4 * filters], trainable: true },
      { name: "recurrentKernel", shape: [...kernelSize, filters, 4 * filters], trainable: true },
    ];
    return this.useBias ? [...specs, { name: "bias", shape: [4 * filters], trainable: true }] : specs;
  }

  /** The kernel's places on a step, axis by axis. */
  #inputWindows(stepShape: Shape): readonly Window[] {
    return this.axes.map((axis, i) => slide(this.owner, this.padding, stepShape[i]!, axis));
  }

  /** The recurrent kernel's places on the state: as many as the state has cells. */
  #stateWindows(stepShape: Shape): readonly Window[] {
    return this.#inputWindows(stepShape).map(({ kernel, count }) =>
      slide(this.owner, "same", count, { kernel, stride: 1, dilation: 1 }),
    );
  }

  shapes(stepShape: Shape): CellShapes {
    const channels = this.owner.weight("kernel")?.shape[this.rank] ?? stepShape.at(-1);
    if (stepShape.length !== this.rank + 1 || stepShape.at(-1) !== channels) {
      throw new ShapeError(
        `${this.owner}: expected steps of ${this.rank} spatial axes and ${channels} channels; got ${formatShape(stepShape)}.`,
      );
    }
    const picture = this.#inputWindows(stepShape).map((window) => window.count);
    if (picture.some((n) => n < 1)) {
      throw new ShapeError(`${this.owner}: steps of ${formatShape(stepShape)} are smaller than the kernel.`);
    }
    const shape = [...picture, this.filters];
    return { output: shape, states: [shape, shape] };
  }

  runSequence(p: Planner, run: SequenceRun): void {
    const [act, gates] = [this.#activation, this.#recurrentActivation].map(fusedCode);
    if (p.apart || act === undefined || gates === undefined) {
      runStepwise(p, this, run, (inputs) => this.#planStep(p, inputs));
      return;
    }
    const { filters, owner } = this;
    const inputWindows = this.#inputWindows(run.stepShape);
    const stateWindows = this.#stateWindows(run.stepShape);
    const channels = run.stepShape.at(-1)!;
    const taps = sizeOf(this.axes.map((axis) => axis.kernel));
    const positions = sizeOf(stateWindows.map((window) => window.count));
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
        gatherPatches(p, rows, columns, x, channels, inputWindows);
        gatherPatches(p, shifted(rows, 4 * taps * channels), columns, state[0]!, filters, stateWindows);
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
          activation: act,
          recurrentActivation: gates,
          returnSequences: 1,
          zeroOutputForMask: Number(run.zeroOutputForMask),
          firstMaskedOutput: 1,
        });
        state = final;
      }
    }
    if (run.mask && run.initial && !run.firstMaskedIsInitial) zeroLeadingSteps(p, run, rowBytes);
  }

  /** One step in tensor operations: z = x ∗ W + h ∗ U + b, then the LSTM's gates i, f, c, o. */
  #planStep(p: Planner, [x, h, c]: readonly Value[]): readonly Value[] {
    const { owner, filters } = this;
    const stepShape = x!.shape.slice(1);
    const product = (name: string, from: Value, windows: readonly Window[]): Value => {
      const multiply = (cells: Value, kernel: Value) => convolved(p, cells, kernel, windows);
      if (p.apart) return p.apart.product(owner, name, from, 4, multiply);
      return multiply(from, weightValue(p, owner, owner.needWeight(name)));
    };
    const bias = owner.weight("bias");
    const ofX = product("kernel", x!, this.#inputWindows(stepShape));
    const biased = bias ? binary(p, "add", ofX, weightValue(p, owner, bias)) : ofX;
    const z = binary(p, "add", biased, product("recurrentKernel", h!, this.#stateWindows(stepShape)));
    const gate = (index: number, chosen: AnyActivation) =>
      applyActivation(p, slice(p, z, -1, index * filters, filters), chosen);
    const [input, forget, output] = [0, 1, 3].map((index) => gate(index, this.#recurrentActivation));
    const fresh = binary(p, "multiply", input!, gate(2, this.#activation));
    const carry = binary(p, "add", binary(p, "multiply", forget!, c!), fresh);
    const next = binary(p, "multiply", output!, applyActivation(p, carry, this.#activation));
    return [next, next, carry];
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
