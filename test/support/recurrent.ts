import { ACTIVATION_CODES, type ActivationKernel } from "../../src/engine/activation-codes.ts";
import { gruStep } from "../reference/gru.ts";
import { lstmStep } from "../reference/lstm.ts";
import { runSequence, type Step } from "../reference/recurrent.ts";
import { simpleRnnStep } from "../reference/simple-rnn.ts";
import type { TestKernels } from "./kernels.ts";
import { Random } from "./random.ts";

export type CellName = "simpleRnn" | "lstm" | "gruAfter" | "gruBefore";

export const CELLS: readonly CellName[] = ["simpleRnn", "lstm", "gruAfter", "gruBefore"];

/** A recurrent call with its data; whatever is left out is absent (no mask, zero states). */
export interface RecurrentCase {
  readonly cell: CellName;
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
  readonly units: number;
  readonly activation: ActivationKernel;
  readonly recurrentActivation: ActivationKernel;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
  readonly zeroOutputForMask: boolean;
  readonly firstMaskedOutput: "zeros" | "initial";
  /** [batch, timesteps, features], or [rows, features] with an index. */
  readonly x: Float32Array;
  /** [batch, timesteps]: rows of x. */
  readonly index?: Int32Array;
  /** [batch, timesteps] bytes. */
  readonly mask?: Uint8Array;
  /** [batch, units] each. */
  readonly hIn?: Float32Array;
  readonly cIn?: Float32Array;
  readonly kernel: Float32Array;
  readonly recurrentKernel: Float32Array;
  readonly bias?: Float32Array;
  readonly recurrentBias?: Float32Array;
  /** Floats between one row's end and the next row's start, in x and y. */
  readonly gap: number;
}

/** What a call gives: y [batch, timesteps or 1, units] and the final states [batch, units]. */
export interface RecurrentResult {
  readonly y: Float32Array;
  readonly h: Float32Array;
  readonly c: Float32Array;
}

const gatesOf = (cell: CellName) => ({ simpleRnn: 1, lstm: 4, gruAfter: 3, gruBefore: 3 })[cell];

/** A case with random data; `overrides` replaces parts of it. */
export function recurrentCase(
  seed: number,
  sizes: Pick<RecurrentCase, "cell" | "batch" | "timesteps" | "features" | "units">,
  overrides: Partial<RecurrentCase> = {},
): RecurrentCase {
  const random = new Random(seed);
  const { cell, batch, timesteps, features, units } = sizes;
  const columns = gatesOf(cell) * units;
  return {
    activation: "tanh",
    recurrentActivation: "sigmoid",
    returnSequences: true,
    goBackwards: false,
    zeroOutputForMask: false,
    firstMaskedOutput: "zeros",
    x: random.floats(batch * timesteps * features),
    kernel: random.floats(features * columns, 1 / Math.sqrt(features)),
    recurrentKernel: random.floats(units * columns, 1 / Math.sqrt(units)),
    bias: random.floats(columns, 0.5),
    ...(cell === "gruAfter" ? { recurrentBias: random.floats(columns, 0.5) } : {}),
    gap: 0,
    ...sizes,
    ...overrides,
  };
}

/** What a product starts from: GRU's kernel takes its recurrent bias of z and r added to the other one. */
function startOf({ bias, recurrentBias, units }: RecurrentCase, columns: number): Float32Array {
  return Float32Array.from(
    { length: columns },
    (_, i) => (bias?.[i] ?? 0) + (i < 2 * units ? (recurrentBias?.[i] ?? 0) : 0),
  );
}

/** Runs a case on the kernels, with canaries round every buffer. */
export function runKernel(test: TestKernels, it: RecurrentCase): RecurrentResult {
  const { guard, kernels, pack } = test;
  const { batch, timesteps, features, units } = it;
  const gates = gatesOf(it.cell);
  guard.reset();
  const kernel = pack(it.kernel, features, units, gates, "kernel");
  const recurrentKernel = pack(it.recurrentKernel, units, units, gates, "recurrentKernel");
  const bias = it.bias || it.recurrentBias ? pack(startOf(it, gates * units), 1, units, gates, "bias") : 0;
  const recurrentBias = it.recurrentBias ? pack(it.recurrentBias, 1, units, gates, "recurrentBias") : 0;
  const scratchBytes = kernels.recurrentScratchBytes(batch, timesteps, features, units, gates);
  const scratch = guard.allocate(scratchBytes, "scratch");

  // Rows with a gap between them and canaries in the gaps; 4 bytes off the grid.
  const width = features + it.gap;
  const rows = it.x.length / features;
  const xAt = guard.allocate(Math.max(rows * width - it.gap, 0) * 4, "x", 4);
  const memory = () => new Float32Array(guard.buffer);
  for (let row = 0; row < rows; row++) {
    memory().set(it.x.subarray(row * features, (row + 1) * features), (xAt >> 2) + row * width);
  }
  const index = it.index ? guard.place(it.index, "index") : 0;
  const mask = it.mask ? guard.place(it.mask, "mask", 1) : 0;
  const hIn = it.hIn ? guard.place(it.hIn, "hIn", 8) : 0;
  const cIn = it.cIn ? guard.place(it.cIn, "cIn", 12) : 0;
  const yRows = it.returnSequences ? batch * timesteps : batch;
  const yWidth = units + it.gap;
  const y = guard.allocate(Math.max(yRows * yWidth - it.gap, 0) * 4, "y", 4);
  const hOut = guard.allocate(batch * units * 4, "hOut", 4);
  const cOut = guard.allocate(batch * units * 4, "cOut", 8);

  const products = () => {
    const z = guard.allocate(rows * 16 * gates * Math.ceil(units / 4), "products");
    kernels.projectBlock(z, xAt, width, 0, 0, kernel, bias, rows, 1, features, units, gates);
    return z;
  };
  const last = it.goBackwards ? timesteps - 1 : 0;
  const sign = it.goBackwards ? -1 : 1;
  const states = it.cell === "lstm" ? [hOut, cOut, hIn, cIn] : [hOut, hIn];
  const input = it.index
    ? [products(), 0, 0, index + last * 4, timesteps, sign]
    : [xAt + last * width * 4, timesteps * width, sign * width, 0, 0, 0];
  const call = [
    y,
    it.returnSequences ? timesteps * yWidth : yWidth,
    it.returnSequences ? yWidth : 0,
    ...states,
    ...input,
    mask && mask + last,
    timesteps,
    sign,
    kernel,
    recurrentKernel,
    bias,
    ...(gates === 3 ? [recurrentBias] : []),
    scratch,
    batch,
    timesteps,
    features,
    units,
    ACTIVATION_CODES[it.activation],
    ...(gates > 1 ? [ACTIVATION_CODES[it.recurrentActivation]] : []),
    ...(gates === 3 ? [it.cell === "gruAfter" ? 1 : 0] : []),
    it.returnSequences ? 1 : 0,
    it.zeroOutputForMask ? 1 : 0,
    it.firstMaskedOutput === "initial" ? 1 : 0,
  ];
  const run = { simpleRnn: kernels.simpleRnnForward, lstm: kernels.lstmForward };
  (it.cell === "simpleRnn" || it.cell === "lstm" ? run[it.cell] : kernels.gruForward)(...call);
  guard.check();

  const out = new Float32Array(yRows * units);
  for (let row = 0; row < yRows; row++) {
    out.set(guard.floats(y + row * yWidth * 4, units), row * units);
    if (it.gap && row + 1 < yRows) guard.checkUntouched(y + (row * yWidth + units) * 4, it.gap * 4, "the gap in y");
  }
  return {
    y: out,
    h: guard.floats(hOut, batch * units),
    c: it.cell === "lstm" ? guard.floats(cOut, batch * units) : new Float32Array(batch * units),
  };
}

function stepOf(it: RecurrentCase): Step {
  const bias = it.bias ?? new Float32Array(gatesOf(it.cell) * it.units);
  if (it.cell === "simpleRnn") return simpleRnnStep(it.kernel, it.recurrentKernel, bias, it.activation);
  if (it.cell === "lstm") return lstmStep(it.kernel, it.recurrentKernel, bias, it.activation, it.recurrentActivation);
  const recurrentBias = it.cell === "gruAfter" ? (it.recurrentBias ?? new Float32Array(3 * it.units)) : undefined;
  return gruStep(it.kernel, it.recurrentKernel, bias, recurrentBias, it.activation, it.recurrentActivation);
}

/** The same case by the float64 reference. */
export function runReference(it: RecurrentCase): RecurrentResult {
  const { batch, timesteps, features, units } = it;
  const step = stepOf(it);
  const y = new Float32Array((it.returnSequences ? timesteps : 1) * batch * units);
  const h = new Float32Array(batch * units);
  const c = new Float32Array(batch * units);
  for (let b = 0; b < batch; b++) {
    const rowOf = (t: number) => (it.index ? it.index[b * timesteps + t]! : b * timesteps + t);
    const x = Array.from({ length: timesteps }, (_, t) =>
      it.x.subarray(rowOf(t) * features, (rowOf(t) + 1) * features),
    );
    const initial = [it.hIn, it.cIn].map((state) =>
      Float64Array.from(state ? state.subarray(b * units, (b + 1) * units) : new Float32Array(units)),
    );
    const mask = it.mask && Array.from(it.mask.subarray(b * timesteps, (b + 1) * timesteps), Boolean);
    const { outputs, last, states } = runSequence(step, x, initial, it, mask);
    if (it.returnSequences) {
      outputs.forEach((output, t) => {
        y.set(output, (b * timesteps + t) * units);
      });
    } else y.set(last, b * units);
    h.set(states[0]!, b * units);
    if (it.cell === "lstm") c.set(states[1]!, b * units);
  }
  return { y, h, c };
}
