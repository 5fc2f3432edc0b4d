import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place } from "../../plan/buffer.ts";
import type { Shape } from "../../tensor.ts";
import type { Tape } from "../tape.ts";

/** Steps `first` to `first` + `count` − 1 of a sequence, in the order in which its layer takes them. */
export interface Span {
  readonly first: number;
  readonly count: number;
}

/** Some steps of a tensor: where the first one lies, and strides in elements. A negative one runs backwards in time. */
export interface StridedSteps {
  readonly at: Place;
  readonly time: number;
  readonly row: number;
}

/**
 * The sequences of a recurrent layer, [batch, timesteps, width] or `timeMajor` [timesteps, batch, width]. Spans of them
 * are taken out and put back time first, [count, batch, width], so that a step is one block of rows.
 */
export class TimeSteps {
  readonly batch: number;
  readonly timesteps: number;
  readonly #tape: Tape;
  readonly #timeMajor: boolean;

  constructor(tape: Tape, [first, second]: Shape, timeMajor: boolean) {
    this.#tape = tape;
    this.#timeMajor = timeMajor;
    [this.batch, this.timesteps] = timeMajor ? [second!, first!] : [first!, second!];
  }

  /** Shape of a tensor of all steps. */
  shape(width: number): Shape {
    return this.#timeMajor ? [this.timesteps, this.batch, width] : [this.batch, this.timesteps, width];
  }

  /** All steps, in spans of at most `most` and as equal as can be. */
  spans(most = this.timesteps): readonly Span[] {
    const { timesteps } = this;
    const count = Math.max(1, Math.ceil(timesteps / most));
    const border = (i: number) => Math.round((i * timesteps) / count);
    return Array.from({ length: count }, (_, i) => ({ first: border(i), count: border(i + 1) - border(i) }));
  }

  /** A span within a tensor of all steps; `reverse`: the layer takes its last step first. */
  within(of: Place, width: number, { first }: Span, reverse: boolean, elementBytes = 4): StridedSteps {
    const { batch, timesteps } = this;
    const [time, row] = this.#timeMajor ? [batch * width, width] : [width, timesteps * width];
    const step = reverse ? timesteps - 1 - first : first;
    return { at: shifted(of, elementBytes * step * time), time: reverse ? -time : time, row };
  }

  /** Copies a span, time first. Rows whose byte in `mask` [timesteps, batch] is 0 become zeros. */
  take(from: Place, width: number, span: Span, reverse: boolean, mask: Place | undefined): Place {
    const { batch } = this;
    const y = this.#tape.tensor([span.count, batch, width]);
    const { at: x, time: xOuter, row: xInner } = this.within(from, width, span, reverse);
    const dense = { y, yOuter: batch * width, yInner: width };
    this.#tape.emit("copySteps", { ...dense, x, xOuter, xInner, ...this.#rows(span, width, mask) });
    return y;
  }

  /** Copies a span from time first to where it belongs. */
  put(to: Place, x: Place, width: number, span: Span, reverse: boolean, mask: Place | undefined): void {
    const { at: y, time: yOuter, row: yInner } = this.within(to, width, span, reverse);
    const dense = { x, xOuter: this.batch * width, xInner: width };
    this.#tape.emit("copySteps", { y, yOuter, yInner, ...dense, ...this.#rows(span, width, mask) });
  }

  #rows({ first, count }: Span, width: number, mask: Place | undefined) {
    return { outer: count, inner: this.batch, width, rowMask: mask ? shifted(mask, first * this.batch) : 0 };
  }
}
