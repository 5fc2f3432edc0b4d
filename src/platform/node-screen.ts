import cliProgress from "cli-progress";
import type { ProgressScreen } from "../training/callbacks/progress.ts";

/** What a screen is made of: `process.stdout`, `process.stderr`, or a test's. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Lines on a stream, and on a terminal a bar that is drawn over. */
export function streamScreen(stream: Output): ProgressScreen {
  const line = (text: string): void => void stream.write(`${text}\n`);
  if (!stream.isTTY) return { line };
  let bar: cliProgress.SingleBar | undefined;
  const draw: cliProgress.GenericFormatter = (options, { value, total, progress }, { text, known }) => {
    if (!known) return `${value}/unknown ${text}`;
    const full = Math.round(progress * 20);
    const [complete, rest] = [options.barCompleteString ?? "", options.barIncompleteString ?? ""];
    return `${String(value).padStart(String(total).length)}/${total} ${complete.slice(0, full)}${rest.slice(0, 20 - full)} ${text}`;
  };
  return {
    line,
    bar: {
      update(done, total, text) {
        if (!bar) {
          const [barCompleteChar, barIncompleteChar] = ["━", "┄"];
          const looks = { format: draw, barsize: 20, barCompleteChar, barIncompleteChar };
          bar = new cliProgress.SingleBar({ stream: stream as NodeJS.WriteStream, ...looks });
          bar.start(total ?? 0, done, { text, known: total !== undefined });
          return;
        }
        bar.update(done, { text, known: total !== undefined });
      },
      stop() {
        bar?.stop();
        bar = undefined;
      },
    },
  };
}
