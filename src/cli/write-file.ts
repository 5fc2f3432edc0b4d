import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "./io.ts";

/** @throws {UsageError} If the path is taken and may not be overwritten. */
export function refuseExisting(path: string, force: boolean): void {
  if (!force && existsSync(path)) throw new UsageError(`${path} exists already; pass --force to overwrite it`);
}

/** Writes a file in one step: readers see the old content or the new one, never a part. */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, bytes, { flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const what = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new UsageError(`${path} cannot be written: ${what === "EACCES" ? "permission denied" : what}`);
  }
}
