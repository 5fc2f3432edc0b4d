import { ACTIVATION_CODES } from "../../engine/activation-codes.ts";
import { ShapeError } from "../../errors.ts";
import type { Place, Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { advanced, binary, slice } from "../../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor.ts";
import { type AnyActivation, anyActivation, fusedCode } from "../activation.ts";
import { weightValue } from "../activation-layers.ts";
import { flag, positive } from "../config.ts";
import { Layer, type LayerCall, type WeightSpec } from "../layer.ts";
import { packedKernel } from "../packed-weights.ts";
import { rowProducts, spareBytes } from "./row-products.ts";
import type { CellShapes, SequenceCell, SequenceRun } from "./sequence-run.ts";
import { runStepwise } from "./stepwise.ts";

/**
 * The steps of a standard cell: a fused kernel that runs a whole sequence. LSTM, GRU and SimpleRNN layers and their
 * cells hold one each; the weights belong to the layer or cell, `owner`.
 */
export abstract class FusedSteps implements SequenceCell {
  readonly owner: Layer;
  readonly units: number;
  readonly useBias: boolean;
  /** Gates in the kernels' columns. */
  abstract readonly gates: number;
  /** Number of states, of `units` each. */
  readonly stateCount: number = 1;
  readonly writesStrided = true;

  constructor(owner: Layer) {
    this.owner = owner;
    this.units = positive(owner, owner.config, "units");
    this.useBias = flag(owner, owner.config, "useBias", true);
  }

  protected chosen(key: string, fallback: string): AnyActivation {
    const { owner } = this;
    return anyActivation(owner, owner.config, key, owner.profile, fallback);
  }

  weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const { units, gates } = this;
    const features = inputShapes?.[0]?.at(-1) ?? null;
    const specs: WeightSpec[] = [
      { name: "kernel", shape: [features, gates * units], trainable: true, quantize: "column" },
      { name: "recurrentKernel", shape: [units, gates * units], trainable: true, quantize: "column" },
    ];
    return this.useBias ? [...specs, { name: "bias", shape: this.biasShape, trainable: true }] : specs;
  }

  protected get biasShape(): readonly number[] {
    return [this.gates * this.units];
  }

  shapes(stepShape: Shape): CellShapes {
    const features = this.owner.weight("kernel")?.shape[0] ?? stepShape[0];
    if (stepShape.length !== 1 || stepShape[0] !== features) {
      throw new ShapeError(
        `${this.owner}: expected steps of ${features} features; got steps of ${formatShape(stepShape)}.`,
      );
    }
    return { output: [this.units], states: new Array<readonly number[]>(this.stateCount).fill([this.units]) };
  }

  /** One step in separate operations: for activations that look at a whole row or take parameters. */
  abstract readonly planStep: (p: Planner, inputs: readonly Value[]) => readonly Value[];

  /** The whole sequence in one kernel; `codes` are those of {@link activations}. */
  protected abstract runFused(p: Planner, run: SequenceRun, codes: readonly number[]): void;

  /** The activation, then the recurrent one where there is one. */
  protected abstract readonly activations: readonly AnyActivation[];

  /** The kernels' codes of {@link activations}; undefined for what no kernel applies. */
  get codes(): readonly (number | undefined)[] {
    return this.activations.map(fusedCode);
  }

  runSequence(p: Planner, run: SequenceRun): void {
    const { codes } = this;
    if (!p.apart && codes.every((code) => code !== undefined)) this.runFused(p, run, codes);
    else runStepwise(p, this, run, (inputs) => this.planStep(p, inputs));
  }

  /** x · the weight of that name, plus a bias. */
  protected product(p: Planner, x: Value, name: "kernel" | "recurrentKernel", bias: Place | 0): Value {
    const { owner, units, gates } = this;
    const width = gates * units;
    if (p.apart) {
      const y = p.apart.product(owner, name, x, gates);
      return bias ? binary(p, "add", y, { ...bias, shape: [width], dtype: "float32" }) : y;
    }
    const features = x.shape[1]!;
    const y = p.tensor([x.shape[0]!, width]);
    p.emit("denseForward", {
      y,
      yStride: width,
      x,
      xStride: features,
      kernel: packedKernel(p, owner, `${name}:plain`, owner.needWeight(name), 1),
      bias,
      rows: x.shape[0]!,
      features,
      units: width,
      activation: ACTIVATION_CODES.linear,
    });
    return y;
  }

  /** The bias, or one of its rows, for {@link product}. */
  protected plainBias(p: Planner, row?: number): Place | 0 {
    const weight = this.owner.weight("bias");
    if (weight && p.apart)
      return advanced(weightValue(p, this.owner, weight), (row ?? 0) * this.gates * this.units, "float32");
    return weight ? packedKernel(p, this.owner, "bias:plain", weight, 1, undefined, row) : 0;
  }

  /** The columns of one gate. */
  protected gate(p: Planner, z: Value, index: number): Value {
    return slice(p, z, 1, index * this.units, this.units);
  }

  protected commonArgs(p: Planner, run: SequenceRun) {
    const { owner, units, gates } = this;
    const features = sizeOf(run.stepShape);
    const { batch, timesteps, gathered, mask } = run;
    const kernel = packedKernel(p, owner, "kernel", owner.needWeight("kernel"), gates);
    const bias = this.bias(p);
    const bytes = p.store.measure((engine) =>
      engine.kernels.recurrentScratchBytes(batch, timesteps, features, units, gates),
    );
    const scratch = p.buffer(bytes + (gathered ? spareBytes(this, gathered) : 0));
    const spare = { buffer: scratch, offset: bytes };
    const { table, index } = gathered ? rowProducts(p, this, gathered, kernel, bias, spare) : {};
    return {
      y: run.y.place,
      yBatchStride: run.y.batchStride,
      yTimeStride: run.y.timeStride,
      x: table ?? run.x.place,
      xBatchStride: run.x.batchStride,
      xTimeStride: run.x.timeStride,
      xIndex: index?.place ?? 0,
      xIndexBatchStride: index?.batchStride ?? 0,
      xIndexTimeStride: index?.timeStride ?? 0,
      mask: mask?.place ?? 0,
      maskBatchStride: mask?.batchStride ?? 0,
      maskTimeStride: mask?.timeStride ?? 0,
      kernel,
      bias,
      recurrentKernel: packedKernel(p, owner, "recurrentKernel", owner.needWeight("recurrentKernel"), gates),
      scratch: { buffer: scratch, offset: 0 },
      batch,
      timesteps,
      features,
      units,
      returnSequences: Number(run.returnSequences),
      zeroOutputForMask: Number(run.zeroOutputForMask),
      firstMaskedOutput: Number(run.firstMaskedIsInitial),
    };
  }

  /** The bias in panels, as the kernel starts from; zeros where the layer has none. */
  protected bias(p: Planner): Place {
    const { owner, units, gates } = this;
    return packedKernel(p, owner, "bias", owner.weight("bias"), gates, units);
  }
}

/** A standard cell by itself: one step, [x, …states] in and [output, …states] out. */
export abstract class FusedCell extends Layer implements SequenceCell {
  abstract readonly steps: FusedSteps;
  readonly writesStrided = true;

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return this.steps.weightSpecs(inputShapes);
  }

  shapes(stepShape: Shape): CellShapes {
    return this.steps.shapes(stepShape);
  }

  runSequence(p: Planner, run: SequenceRun): void {
    this.steps.runSequence(p, run);
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const [x, ...rest] = inputs;
    const given = call.initialState ?? rest;
    const { output, states } = this.shapes(x!.shape.slice(1));
    const batch = x!.shape[0]!;
    const y = p.tensor([batch, ...output]);
    const final = states.map((shape) => p.tensor([batch, ...shape]));
    this.runSequence(p, {
      batch,
      timesteps: 1,
      stepShape: x!.shape.slice(1),
      x: { place: x!, batchStride: sizeOf(x!.shape.slice(1)), timeStride: 0 },
      mask: undefined,
      initial: given.length > 0 ? given : undefined,
      final,
      y: { place: y, batchStride: sizeOf(output), timeStride: 0 },
      returnSequences: false,
      zeroOutputForMask: false,
      firstMaskedIsInitial: false,
      constants: [],
    });
    return [y, ...final];
  }
}
