import { ACTIVATION_CODES } from "../../engine/activation-codes.ts";
import { UnsupportedLayerError } from "../../errors.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place, PlanBuffer, Value } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { SLOPE_OF_INPUT, SLOPE_OF_OUTPUT } from "../slopes.ts";
import type { Gradients, Tape } from "../tape.ts";
import type { RecordedCall } from "./recording-planner.ts";
import { SLOPES } from "./slope-of.ts";
import { WAYS_BACK } from "./ways-back.ts";

/** True if products are worth the kernels, which take dense rows that do not overlap. */
function isLarge(n: Readonly<Record<string, number>>): boolean {
  const { batch, m, k, columns, aRow, aColumn, bRow } = n as Record<string, number>;
  return m! * k! * columns! >= 4096 && batch! <= 64 && aColumn === 1 && aRow! >= k! && bRow! >= columns!;
}

/**
 * The gradients of values that recorded calls have computed others from: the calls are walked back, last one first, each
 * adding to the gradients of its operands. A gradient lies where its value does, in a buffer of its own of the same size.
 */
export class Reverse {
  readonly #tape: Tape;
  readonly #owner: string;
  readonly #calls: readonly RecordedCall[];
  /** Buffers whose content depends on a wanted value by degrees. */
  readonly #active = new Set<PlanBuffer>();
  readonly #gradients = new Map<PlanBuffer, Value>();

  /**
   * @param owner - How messages call the layer.
   * @param wanted - The float values whose gradients are asked for.
   * @throws {UnsupportedLayerError} If a call on the way has no way back.
   */
  constructor(tape: Tape, owner: string, calls: readonly RecordedCall[], wanted: readonly Value[]) {
    this.#tape = tape;
    this.#owner = owner;
    this.#calls = calls;
    for (const { buffer, dtype } of wanted) if (dtype === "float32") this.#active.add(buffer);
    for (const call of calls) this.#follow(call);
  }

  #follow({ kernel, args }: RecordedCall): void {
    const places = Object.entries(args).filter((entry): entry is [string, Place] => typeof entry[1] !== "number");
    if (!places.some(([, { buffer }]) => this.#active.has(buffer))) return;
    const way = kernel === undefined ? undefined : WAYS_BACK[kernel];
    if (!way) {
      const step = kernel ?? "a step in JavaScript";
      throw new UnsupportedLayerError(
        `${this.#owner} cannot be trained here: ${step} has no gradient. It can only predict.`,
      );
    }
    const isActive = way.of.some((name) => typeof args[name] === "object" && this.#active.has(args[name].buffer));
    if (isActive) this.#active.add((args["y"] as Place).buffer);
  }

  /**
   * Appends the way back.
   *
   * @param outputs - What the calls gave, and `gradients` of them, undefined where nothing depends on one.
   * @returns The gradients of `values`; undefined where there is none.
   */
  run(outputs: readonly Value[], gradients: Gradients, values: readonly Value[]): Gradients {
    outputs.forEach((y, i) => {
      const dy = gradients[i];
      if (!dy || !this.#active.has(y.buffer)) return;
      const into = { ...this.#gradientOf(y.buffer), offset: y.offset };
      this.#tape.emit("addTo", { y: into, a: into, b: dy, count: sizeOf(y.shape) });
    });
    for (const call of this.#calls.toReversed()) this.#back(call);
    return values.map((value) => {
      const found = this.#gradients.get(value.buffer);
      return found && { buffer: found.buffer, offset: value.offset, shape: value.shape, dtype: "float32" };
    });
  }

  #gradientOf(buffer: PlanBuffer): Value {
    const known = this.#gradients.get(buffer);
    if (known) return known;
    const made = this.#tape.zeros([Math.ceil(buffer.bytes / 4)]);
    this.#gradients.set(buffer, made);
    return made;
  }

  #back({ kernel, args }: RecordedCall): void {
    const way = kernel === undefined ? undefined : WAYS_BACK[kernel];
    const result = args["y"] as Place | undefined;
    const dy = result && this.#gradients.get(result.buffer);
    if (!way || !result || !dy) return;
    const gradient = (place: Place): Place => ({ buffer: this.#gradientOf(place.buffer).buffer, offset: place.offset });
    const places: Record<string, Place> = { gy: { buffer: dy.buffer, offset: result.offset } };
    const numbers: Record<string, number> = {};
    for (const [name, arg] of Object.entries(args)) {
      if (typeof arg === "number") numbers[name] = arg;
      // What only the gradient needs of an operand lives on until here.
      else if (kernel !== "copyStrided") places[name] = arg;
    }
    const wanted = way.of.filter((name) => typeof args[name] === "object" && this.#active.has(args[name].buffer));
    if (wanted.length === 0) return;
    for (const name of wanted) places[`g${name}`] = gradient(args[name] as Place);
    const code = numbers["activation"];
    if (kernel === "activationForward" && !SLOPES.has(code!)) {
      this.#activation(code!, places, numbers);
      return;
    }
    if (kernel === "matmulForward" && isLarge(numbers)) {
      this.#product(places, numbers);
      return;
    }
    const names = Object.keys(places);
    this.#tape.p.host(Object.values(places), (memory, addresses) => {
      const at = Object.fromEntries(
        names.map((name, i) => [name, name === "mask" ? addresses[i]! : addresses[i]! >> 2]),
      );
      way.run(memory, at, numbers);
    });
  }

  /** ga += gy · bᵀ and gb += aᵀ · gy, by the training kernels. */
  #product({ gy, ga, gb, a, b }: Record<string, Place>, n: Record<string, number>): void {
    const { batch, m: rows, k, columns, yBatch, yRow, aBatch, aRow, bBatch, bRow } = n as Record<string, number>;
    for (let matrix = 0; matrix < batch!; matrix++) {
      const at = (place: Place, stride: number | undefined) => shifted(place, 4 * matrix * stride!);
      const dy = at(gy!, yBatch);
      const inner = { yStride: aRow!, aStride: yRow!, bStride: bRow!, transposed: true, rows: rows!, depth: columns! };
      if (ga) this.#tape.product({ y: at(ga, aBatch), a: dy, b: at(b!, bBatch), ...inner, columns: k!, accumulate: 1 });
      if (!gb) continue;
      const outer = { yStride: bRow!, aStride: aRow!, bStride: yRow!, rows: rows!, columnsA: k!, columnsB: columns! };
      this.#tape.productOfRows({ y: at(gb, bBatch), a: at(a!, aBatch), b: dy, ...outer, accumulate: 1 });
    }
  }

  #activation(code: number, { gy, gx, x, y }: Record<string, Place>, numbers: Record<string, number>): void {
    const tape = this.#tape;
    const { count, alpha, beta, gamma } = numbers as Record<"count" | "alpha" | "beta" | "gamma", number>;
    const dx = tape.tensor([count]);
    const isPlainRelu = code === ACTIVATION_CODES.relu;
    if (SLOPE_OF_INPUT.has(code) || isPlainRelu) {
      tape.emit("activationGradientOfInput", { dx, dy: gy!, x: x!, count, code, alpha, beta, gamma });
    } else if (SLOPE_OF_OUTPUT.has(code)) {
      tape.emit("activationGradient", { dx, dy: gy!, y: y!, count, code, alpha });
    } else {
      throw new UnsupportedLayerError(`${this.#owner} cannot be trained here: its activation has no gradient.`);
    }
    tape.emit("addTo", { y: gx!, a: gx!, b: dx, count });
  }
}
