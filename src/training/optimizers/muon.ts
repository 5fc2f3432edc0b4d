import { OptionError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { numberOf, optionalNumber } from "../options/serialized.ts";
import type { Tape } from "../tape.ts";
import { adam } from "./adam-optimizers.ts";
import { f32, pathOf, type RuleMaker } from "./update-rule.ts";

type Coefficients = readonly [number, number, number];

/**
 * Muon as Keras 3 has it: the momentum of a matrix, made nearly orthogonal by Newton-Schulz iterations, is its update
 * (arXiv:2502.16982 for its scale). What is no matrix, embeddings and excluded layers get Adam's update.
 */
export const muon: RuleMaker = (config, era, math) => {
  const betas = { beta1: config["adamBeta1"], beta2: config["adamBeta2"], epsilon: config["epsilon"] };
  const plain = adam(betas, era, math);
  const excluded = Array.isArray(config["excludeLayers"]) ? config["excludeLayers"].map(patternOf) : [];
  const excludesTables = config["excludeEmbeddings"] !== false;
  const takesAdam = (shape: readonly number[], path: string): boolean =>
    shape.length !== 2 ||
    (excludesTables && path.toLowerCase().includes("embedding")) ||
    excluded.some((word) => word.test(path));
  const momentum = numberOf(config, "momentum", 0.95);
  const isNesterov = config["nesterov"] !== false;
  const steps = numberOf(config, "nsSteps", 5);
  const rmsRate = config["rmsRate"] === null ? undefined : numberOf(config, "rmsRate", 0.2);
  const [a, b, c] = [
    numberOf(config, "muonA", 3.4445),
    numberOf(config, "muonB", -4.775),
    numberOf(config, "muonC", 2.0315),
  ];
  const ratio = numberOf(config, "adamLrRatio", 1);
  const decay = config["weightDecay"] === null ? 0 : numberOf(config, "weightDecay", 0.004);
  const adamDecay = optionalNumber({ adamWeightDecay: 0.004, ...config }, "adamWeightDecay") ?? 0;
  return {
    slots: [
      { name: "momentum" },
      { name: "velocity", shape: (shape, path) => (takesAdam(shape, path) ? shape : undefined) },
    ],
    decays: true,
    rates: (rate, step) => [plain.rates(rate * ratio, step)[0]!, rate, decay * rate, adamDecay * rate],
    update(tape, parameter, [m, v], rate) {
      const { value, gradient, layer, name, shape, size } = parameter;
      const isAdams = takesAdam(shape, pathOf(layer, name));
      const decayRate = { ...rate, offset: rate.offset + (isAdams ? 12 : 8) };
      if (isAdams ? adamDecay : decay)
        tape.emit("decayWeights", { p: value.place, count: value.count, rate: decayRate });
      if (isAdams) {
        plain.update(tape, parameter, [m, v], rate);
        return;
      }
      const [rows, columns] = shape as [number, number];
      const x = tape.tensor(shape);
      const moved = tape.tensor(shape);
      tape.emit("scaleTo", { y: moved, a: m!.place, factor: f32(momentum - 1), count: size });
      tape.emit("addTo", { y: moved, a: gradient!.place, b: moved, count: size });
      tape.emit("addTo", { y: m!.place, a: m!.place, b: moved, count: size });
      tape.emit("scaleTo", { y: x, a: m!.place, factor: isNesterov ? f32(momentum) : 1, count: size });
      if (isNesterov) tape.emit("addTo", { y: x, a: gradient!.place, b: x, count: size });
      const update = orthogonal(tape, x, [a, b, c], steps);
      const scale = rmsRate === undefined ? undefined : [f32(Math.sqrt(Math.max(rows, columns))), f32(rmsRate)];
      tape.p.host([value.place, update, rate], ({ f32: memory }, addresses) => {
        const [p, u, rates] = addresses.map((address) => address >> 2) as [number, number, number];
        const lr = memory[rates + 1]!;
        for (let i = 0; i < size; i++) {
          const step = f32(lr * memory[u + i]!);
          memory[p + i]! -= scale ? f32(f32(step * scale[0]!) * scale[1]!) : step;
        }
      });
    },
  };
};

/** A part of weights' paths as Keras finds it: a regular expression. */
function patternOf(text: unknown): RegExp {
  try {
    return new RegExp(String(text));
  } catch (error) {
    throw new OptionError(
      `Muon: \`excludeLayers\` holds regular expressions, and ${JSON.stringify(text)} is none (${(error as Error).message}).`,
    );
  }
}

/** A matrix near the orthogonal one of its singular vectors, by Newton-Schulz iterations x ← a·x + (b·xxᵀ + c·(xxᵀ)²)·x. */
function orthogonal(tape: Tape, x: Value, [a, b, c]: Coefficients, steps: number): Value {
  const [rows, columns] = x.shape as [number, number];
  const count = sizeOf(x.shape);
  tape.p.host([x], ({ f32: memory }, [address]) => {
    const values = memory.subarray(address! >> 2, (address! >> 2) + count);
    let sum = 0;
    for (const value of values) sum += value * value;
    const norm = f32(f32(Math.sqrt(sum)) + f32(1e-7));
    for (let i = 0; i < count; i++) values[i]! /= norm;
  });
  // Keras turns a high matrix to its side; the products of the one are those of the other, turned.
  const isHigh = rows > columns;
  const size = isHigh ? columns : rows;
  const square = [size, size];
  let now = x;
  for (let step = 0; step < steps; step++) {
    const gram = tape.tensor(square);
    if (isHigh) tape.productOfRows({ y: gram, a: now, b: now, rows, columnsA: size, columnsB: size, accumulate: 0 });
    else tape.product({ y: gram, a: now, b: now, transposed: true, rows, depth: columns, columns: rows });
    const scaled = tape.tensor(square);
    const squared = tape.tensor(square);
    tape.emit("scaleTo", { y: scaled, a: gram, factor: f32(c), count: size * size });
    tape.product({ y: squared, a: scaled, b: gram, rows: size, depth: size, columns: size });
    tape.emit("scaleTo", { y: scaled, a: gram, factor: f32(b), count: size * size });
    tape.emit("addTo", { y: squared, a: scaled, b: squared, count: size * size });
    const next = tape.tensor(x.shape);
    const moved = tape.tensor(x.shape);
    if (isHigh) tape.product({ y: moved, a: now, b: squared, transposed: true, rows, depth: size, columns: size });
    else tape.product({ y: moved, a: squared, b: now, rows, depth: rows, columns });
    tape.emit("scaleTo", { y: next, a: now, factor: f32(a), count });
    tape.emit("addTo", { y: next, a: next, b: moved, count });
    now = next;
  }
  return now;
}
