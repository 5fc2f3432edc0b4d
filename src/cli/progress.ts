import type { Io } from "./io.ts";

/** Tells how far a long command is. */
export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** A bar on a terminal's standard error, nothing elsewhere: the results on standard output stay clean. */
export async function createProgress(io: Io): Promise<Progress> {
  if (!io.stderr.isTTY) return silent;
  const { SingleBar } = (await import("cli-progress")).default;
  const bar = new SingleBar({
    stream: io.stderr as NodeJS.WriteStream,
    clearOnComplete: true,
    hideCursor: true,
    format: "{bar} {value}/{total} rows, {eta_formatted} left",
  });
  let started = false;
  return {
    update(done, total) {
      if (!started) bar.start(total, done);
      else bar.update(done);
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
