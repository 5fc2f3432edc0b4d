import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place } from "../../plan/buffer.ts";
import type { Tape } from "../tape.ts";
import type { CellStack } from "./cell-stack.ts";
import type { CellPass, CellRun } from "./sequence-pass.ts";
import type { Span } from "./time-steps.ts";

/** What a stack of cells takes in a span, but for the states before it. */
export type SpanInput = Omit<CellRun, "initial">;

/**
 * Cells over whole sequences: all steps at once, or in spans, of which only one lies in memory at a time.
 *
 * The way there keeps copies of the states before each span. The way back, from the last span on, computes each anew from
 * those, with the same dropout masks, and then goes back through it: one way there more. Sums over steps go on from span to
 * span in the order in which a single span takes them, so that all gradients have the same bits. Only where equal rows of a
 * table share their products, which they do within a span, do the last digits differ.
 */
export class SpanPass {
  readonly #tape: Tape;
  readonly #stack: CellStack;
  readonly #spans: readonly Span[];
  readonly #inputOf: (span: Span) => SpanInput;
  /** The states before each span; undefined are zeros. */
  readonly #starts: (readonly Place[] | undefined)[] = [];
  #last: CellPass | undefined;

  constructor(tape: Tape, stack: CellStack, spans: readonly Span[], inputOf: (span: Span) => SpanInput) {
    this.#tape = tape;
    this.#stack = stack;
    this.#spans = spans;
    this.#inputOf = inputOf;
  }

  /** Goes there; `each` gets the top's states of a span, [count, batch, units]. @returns The last states. */
  forwards(initial: readonly Place[] | undefined, each: (span: Span, h: Place) => void): readonly Place[] {
    const keep = this.#spans.length > 1 ? this.#keeper() : (states: readonly Place[]) => states;
    let before = initial;
    this.#spans.forEach((span, i) => {
      const start = before && keep(before, i);
      this.#starts.push(start);
      const done = this.#stack.pass({ ...this.#inputOf(span), initial: start });
      each(span, done.h);
      this.#last = done;
      before = done.states;
    });
    return before!;
  }

  /**
   * Goes back.
   *
   * @param dyOf - Gradients of a span's outputs, [count, batch, units].
   * @param dStates - Of the last states.
   * @param each - Gets the gradient of a span's inputs if that is `wanted` and no table gets it.
   * @returns Those of the first states.
   */
  backwards(
    dyOf: (span: Span) => Place | undefined,
    dStates: readonly (Place | undefined)[],
    wanted: boolean,
    each: (span: Span, dx: Place) => void,
  ): readonly Place[] {
    const again = this.#spans.length > 1 ? this.#stack.again() : undefined;
    let d = dStates;
    for (let i = this.#spans.length - 1; i >= 0; i--) {
      const span = this.#spans[i]!;
      const pass = again?.pass({ ...this.#inputOf(span), initial: this.#starts[i] }) ?? this.#last!;
      const { dx, dInitial } = pass.backward(dyOf(span), d, wanted);
      if (wanted && dx) each(span, dx);
      d = dInitial;
    }
    return d as readonly Place[];
  }

  /** Copies the states before a span to where they stay. */
  #keeper(): (states: readonly Place[], span: number) => readonly Place[] {
    const sizes = this.#stack.stateBytes;
    const places = sizes.map((bytes) => ({ buffer: this.#tape.p.buffer(bytes * this.#spans.length), offset: 0 }));
    for (const place of places) this.#tape.claim(place);
    return (states, span) =>
      states.map((x, i) => {
        const bytes = sizes[i]!;
        const y = shifted(places[i]!, span * bytes);
        this.#tape.emit("copyBytes", { y, x, bytes });
        return y;
      });
  }
}
