import type { Place } from "../../plan/buffer.ts";
import type { LookedUp } from "../table-rows.ts";
import type { Tape } from "../tape.ts";
import type { Span, TimeSteps } from "./time-steps.ts";

/** Which row of a table each step of a span takes. */
export interface RowsOfSteps {
  readonly table: LookedUp;
  /** The first step's slots; strides in elements. */
  readonly slots: Place;
  readonly slotOuter: number;
  readonly slotInner: number;
  /** Where the gradients of the rows go, [maxRows, features]; with `accumulate` they are added. */
  readonly sink: () => Place & { readonly accumulate: number };
}

/** The rows of a table that the steps of a layer take, and their gradient from all spans. */
export class StepRows {
  readonly #tape: Tape;
  readonly #table: LookedUp;
  readonly #time: TimeSteps;
  readonly #reverse: boolean;
  readonly #isCut: boolean;
  #gradient: Place | undefined;

  /** @param isCut - True if the sequence is taken in several spans. */
  constructor(tape: Tape, table: LookedUp, time: TimeSteps, reverse: boolean, isCut: boolean) {
    this.#tape = tape;
    this.#table = table;
    this.#time = time;
    this.#reverse = reverse;
    this.#isCut = isCut;
  }

  within(span: Span): RowsOfSteps {
    const {
      at: slots,
      time: slotOuter,
      row: slotInner,
    } = this.#time.within(this.#table.rows.slots, 1, span, this.#reverse);
    return {
      table: this.#table,
      slots,
      slotOuter,
      slotInner,
      sink: () => ({ ...this.#gradient!, accumulate: Number(this.#isCut) }),
    };
  }

  /** Makes room for the rows' gradients. One span names some of the rows, all spans name all. */
  begin(): void {
    const bytes = 4 * this.#table.rows.maxRows * this.#table.shape.at(-1)!;
    this.#gradient = { buffer: this.#tape.p.buffer(bytes), offset: 0 };
    if (this.#isCut) this.#tape.emit("zeroBytes", { y: this.#gradient, bytes });
  }

  /** Gives the table the gradients. */
  giveBack(): void {
    this.#table.giveBack(this.#gradient!);
  }
}
