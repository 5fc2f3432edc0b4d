import type { Logs } from "../gathering.ts";
import type { Callback } from "./callbacks.ts";

/** Keras' values of `verbose`; "auto" is 1. */
export type Verbosity = 0 | 1 | 2 | "auto" | boolean;

/** Where progress is shown: a terminal, a log, a console. */
export interface ProgressScreen {
  line(text: string): void;
  /** A line that is drawn over; absent where that cannot be, as in a file. */
  readonly bar?: {
    /** `total` is undefined if nobody knows it. */
    update(done: number, total: number | undefined, text: string): void;
    /** Leaves the last state in its place and goes to the next line. */
    stop(): void;
  };
}

/** Milliseconds between two drawings of the bar, as in Keras. */
const INTERVAL = 50;

/**
 * Keras' progress line, on a screen of your own. `fit`'s `verbose` shows it on standard output or the console.
 *
 * @example
 * await model.fit(x, y, { callbacks: [progressLine({ line: (text) => log.append(text) })] });
 */
export function progressLine(screen: ProgressScreen, verbose: 1 | 2 = 1): Callback {
  const bar = verbose === 1 ? screen.bar : undefined;
  let [started, drawn, ran, done] = [0, 0, 0, 0];
  const text = (now: number, logs: Logs, left: number | undefined): string => {
    const perStep = (now - started) / Math.max(ran, 1);
    const time = left === undefined ? (now - started) / 1000 : (perStep * left) / 1000;
    return `${clock(time)} ${duration(perStep)}/step - ${logsText(logs)}`;
  };
  return {
    onEpochBegin(epoch, run) {
      screen.line(`Epoch ${epoch + 1}/${run.params.epochs}`);
      started = Date.now();
      [drawn, ran, done] = [0, 0, 0];
    },
    onBatchEnd(batch, logs, run) {
      ran++;
      done = batch + 1;
      const now = Date.now();
      if (!bar || now - drawn < INTERVAL) return;
      drawn = now;
      const { steps } = run.params;
      bar.update(done, steps, text(now, logs(), steps === undefined ? undefined : steps - done));
    },
    onEpochEnd(_epoch, logs, run) {
      const end = text(Date.now(), logs, undefined);
      const { steps } = run.params;
      if (bar) {
        bar.update(done, steps, end);
        bar.stop();
      } else screen.line(`${steps === undefined ? done : `${done}/${steps}`} - ${end.replace(" ", " - ")}`);
    },
    release() {
      bar?.stop();
    },
  };
}

/** What {@link progressEvents} tells, as `detail` of its events. */
export interface ProgressDetail {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches done in this epoch. */
  readonly batch: number;
  /** Batches of an epoch; undefined if nobody knows. */
  readonly steps: number | undefined;
  /** Means of the epoch so far. */
  readonly logs: Logs;
}

/**
 * Tells a page how far training is: `CustomEvent`s "trainbegin", "epochbegin", "batchend" (at most one every 50 ms),
 * "epochend" and "trainend" with a {@link ProgressDetail}.
 *
 * @example
 * const events = new EventTarget();
 * events.addEventListener("batchend", ({ detail }) => { bar.value = detail.batch / detail.steps; });
 * await model.fit(x, y, { callbacks: [progressEvents(events)] });
 */
export function progressEvents(target: EventTarget): Callback {
  let epoch = 0;
  let batch = 0;
  let told = 0;
  let last: Logs = {};
  const tell = (type: string, { params: { epochs, steps } }: Parameters<NonNullable<Callback["onTrainBegin"]>>[0]) => {
    const detail: ProgressDetail = { epoch, epochs, batch, steps, logs: last };
    target.dispatchEvent(new CustomEvent(type, { detail }));
  };
  return {
    onTrainBegin: (run) => tell("trainbegin", run),
    onEpochBegin(n, run) {
      [epoch, batch, last] = [n, 0, {}];
      tell("epochbegin", run);
    },
    onBatchEnd(n, logs, run) {
      batch = n + 1;
      const now = Date.now();
      if (now - told < INTERVAL) return;
      told = now;
      last = logs();
      tell("batchend", run);
    },
    onEpochEnd(_epoch, logs, run) {
      last = { ...logs };
      tell("epochend", run);
    },
    onTrainEnd: (run) => tell("trainend", run),
  };
}

/** `accuracy: 0.9167 - loss: 0.2345`: by name, as Keras 3 does it. */
function logsText(logs: Logs): string {
  const names = Object.keys(logs).sort();
  return names
    .map((name) => {
      const values = [logs[name]!].flat();
      const text = values.map(short).join(", ");
      return `${name}: ${values.length > 1 ? `[${text}]` : text}`;
    })
    .join(" - ");
}

function short(value: number): string {
  return Math.abs(value) > 1e-3 ? value.toFixed(4) : value.toExponential(4).replace(/([+-])(\d)$/, "$10$2");
}

function clock(seconds: number): string {
  const [whole, two] = [Math.round(seconds), (n: number) => String(n).padStart(2, "0")];
  if (whole >= 3600) return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole >= 60 ? `${Math.floor(whole / 60)}:${two(whole % 60)}` : `${whole}s`;
}

function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${Math.round(milliseconds / 1000)}s`;
  return milliseconds >= 1 ? `${Math.round(milliseconds)}ms` : `${Math.round(milliseconds * 1000)}us`;
}
