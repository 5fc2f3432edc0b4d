import { KERNELS, type KernelName } from "../engine/kernels.ts";
import { align } from "../engine/memory.ts";
import { type DType, type Shape, sizeOf } from "../tensor.ts";
import { bytesOf, type Place, type PlanBuffer, type Value } from "./buffer.ts";
import { checkRange } from "./check-range.ts";
import { placeBuffers } from "./place-buffers.ts";
import type { StateBlock } from "./state.ts";
import type { Store } from "./store.ts";

/** A number, or a place whose address the plan fills in. */
export type KernelArg = number | Place;

/** The arguments of a kernel by name, in any order. */
export type KernelArgs<K extends KernelName> = { readonly [name in (typeof KERNELS)[K][number]]: KernelArg };

/** A call of a kernel, as data. */
export interface KernelOp {
  readonly kernel: string;
  readonly args: readonly KernelArg[];
}

/** A step that JavaScript takes between kernels (custom layers). `run` gets the addresses of `places`. */
export interface HostOp {
  readonly run: (memory: HostMemory, addresses: readonly number[]) => void;
  readonly places: readonly Place[];
}

/** A step in JavaScript as if it were a call of a kernel: `y` is where its result goes. */
export interface NamedStep {
  readonly kernel: string;
  readonly args: Readonly<Record<string, KernelArg>>;
}

/** What a host step sees of the linear memory. Views are valid during the step only. */
export interface HostMemory {
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

export type Op = KernelOp | HostOp;

/** Row numbers that must lie in a table, looked at before a run changes anything. */
export interface IndexCheck {
  readonly indices: Value;
  /** Rows of the table. */
  readonly limit: number;
  /** The layer, as messages call it. */
  readonly owner: string;
  /** Called with every number that is in range. */
  readonly visit?: ((memory: HostMemory, row: number) => void) | undefined;
}

/** A finished plan: what to call, in order, and how much scratch it takes. It is data, and not bound to a memory. */
export interface Plan {
  readonly ops: readonly Op[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly checks: readonly IndexCheck[];
  /** Bytes of scratch that a run needs. */
  readonly scratchBytes: number;
}

/** How training has layers planned: apart, in tensor operations, which have ways back, instead of in kernels of their own. */
export interface Apart {
  /**
   * x times a layer's weight, whose last axis holds the columns of `gates` gates, each with its own dropout of x.
   *
   * @param owner - The layer that has the weight.
   * @param multiply - A matrix product by default; gets some columns of the weight.
   */
  product(owner: object, name: string, x: Value, gates: number, multiply?: (x: Value, columns: Value) => Value): Value;
  /** x with values dropped at a rate. */
  dropped(x: Value, rate: number): Value;
}

/**
 * Collects kernel calls over virtual buffers while layers plan themselves, and turns them into a {@link Plan}.
 *
 * @example
 * const p = new Planner(store, states);
 * const y = p.tensor([batch, units]);
 * p.emit("softmaxForward", { y, x, rows: batch, width: units });
 */
export class Planner {
  readonly #ops: Op[] = [];
  readonly #scratch: PlanBuffer[] = [];
  /** Persistent constants: packed weights and tables. */
  readonly store: Store;
  /** Where layers keep state between runs. */
  readonly states: StateBlock;

  /** True for the plan of a session: every recurrent layer keeps its state between runs, stateful or not. */
  readonly session: boolean;
  /** Set while layers are to plan themselves apart. */
  apart: Apart | undefined;
  readonly #optional: { readonly index: number; readonly buffer: PlanBuffer }[] = [];
  readonly #checkOps = new Map<IndexCheck, Op>();

  constructor(store: Store, states: StateBlock, session = false) {
    this.store = store;
    this.states = states;
    this.session = session;
  }

  /** Scratch of so many bytes, 64-byte aligned. Its content is undefined until an operation writes it. */
  buffer(bytes: number): PlanBuffer {
    const buffer: PlanBuffer = { bytes, address: undefined, first: -1, last: -1, offset: 0 };
    this.#scratch.push(buffer);
    return buffer;
  }

  /** A new tensor in scratch. */
  tensor(shape: Shape, dtype: DType = "float32"): Value {
    return { buffer: this.buffer(sizeOf(shape) * bytesOf(dtype)), offset: 0, shape, dtype };
  }

  /** Appends what `emit` appends, one operation that writes `value`, but leaves it out if nothing reads the value. */
  ifRead(value: Place, emit: () => void): void {
    emit();
    this.#optional.push({ index: this.#ops.length - 1, buffer: value.buffer });
  }

  /** Appends a kernel call. */
  emit<K extends KernelName>(kernel: K, args: KernelArgs<K>): void {
    this.emitNamed(kernel, KERNELS[kernel], args);
  }

  /**
   * Appends a call of a kernel of another module over the same memory; the engine that runs the plan must have it.
   *
   * @param parameters - The kernel's parameter names in order.
   */
  emitNamed(kernel: string, parameters: readonly string[], args: Readonly<Record<string, KernelArg>>): void {
    const list = parameters.map((name) => {
      const arg = args[name];
      if (arg === undefined) throw new TypeError(`${kernel}: argument ${name} is missing`);
      return typeof arg === "number" ? arg : this.#touch(arg);
    });
    this.#ops.push({ kernel, args: list });
  }

  /**
   * Appends a step in JavaScript that reads and writes the given places.
   *
   * @param _as - What training knows the step by, where it has a way back: a name and arguments like a kernel's.
   */
  host(places: readonly Place[], run: HostOp["run"], _as?: NamedStep): void {
    this.#ops.push({ run, places: places.map((place) => this.#touch(place)) });
  }

  /**
   * Demands that row numbers lie in 0..limit − 1. Numbers that the model takes as input are looked at before a run
   * starts; computed ones when they are there.
   *
   * @throws {ShapeError} From the run, naming `owner`, the number and its place.
   */
  checkIndices(check: IndexCheck): void {
    this.host([check.indices], (memory, [address]) => checkRange(memory, address!, check));
    this.#checkOps.set(check, this.#ops[this.#ops.length - 1]!);
  }

  /** Keeps a buffer alive until the end of the plan. Called for inputs (from the start) and outputs. */
  #pin(value: Value, index: number): void {
    const { buffer } = value;
    if (buffer.address !== undefined) return;
    if (buffer.first < 0) buffer.first = index;
    buffer.first = Math.min(buffer.first, index);
    buffer.last = Math.max(buffer.last, index);
  }

  #touch(place: Place): Place {
    const { buffer } = place;
    if (buffer.address === undefined) {
      const index = this.#ops.length;
      if (buffer.first < 0) buffer.first = index;
      buffer.last = index;
    }
    return { buffer, offset: place.offset };
  }

  /** Gives every scratch buffer its offset and closes the plan. */
  finish(inputs: readonly Value[], outputs: readonly Value[]): Plan {
    // Inputs are all written before the first operation; whatever lives then may not share their bytes.
    for (const input of inputs) this.#pin(input, 0);
    for (const output of outputs) this.#pin(output, this.#ops.length);
    const unread = this.#optional.filter(({ index, buffer }) => buffer.last === index);
    for (const { buffer } of unread) buffer.first = -1;
    const scratchBytes = placeBuffers(this.#scratch.filter((buffer) => buffer.first >= 0));
    const given = new Set(inputs.map((input) => input.buffer));
    const checks = [...this.#checkOps.keys()].filter((check) => given.has(check.indices.buffer));
    const left = new Set(checks.map((check) => this.#checkOps.get(check)!));
    for (const { index } of unread) left.add(this.#ops[index]!);
    return {
      ops: this.#ops.filter((op) => !left.has(op)),
      inputs,
      outputs,
      checks,
      scratchBytes: align(scratchBytes),
    };
  }
}
