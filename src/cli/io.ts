/** What a command may touch of its surroundings; tests pass their own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string | Uint8Array): unknown };
  /** `isTTY` decides whether a progress bar is drawn. */
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** The command was called wrongly: exit code 2. Everything else that is refused is bad data: exit code 1. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** All bytes of standard input. */
export async function readStdin(io: Io): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of io.stdin) parts.push(typeof part === "string" ? new TextEncoder().encode(part) : part);
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
