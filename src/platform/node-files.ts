import type * as FileSystem from "node:fs";
import type * as Paths from "node:path";
import type * as Urls from "node:url";
import type * as Utilities from "node:util";
import type { OpenedFile } from "../api/source.ts";
import { FormatError } from "../errors.ts";
import { openUrl, siblingName } from "./fetch.ts";
import { builtin } from "./node-builtin.ts";
import { lateFile } from "./node-late-file.ts";

const paths = () => builtin<typeof Paths>("node:path");
const fs = () => builtin<typeof FileSystem>("node:fs");
/** A file this short is read at once: a thread takes longer to be asked than to read it. */
const SHORT = 1 << 20;
// Reading goes by callbacks: what "node:fs/promises" needs besides costs a start a millisecond.
const util = () => builtin<typeof Utilities>("node:util");
const readFile = (path: string): Promise<Uint8Array> => util().promisify(fs().readFile)(path);

/** What is known of a path; undefined if nothing can be: reading it says why. */
function statOf(path: string): FileSystem.Stats | undefined {
  try {
    return fs().statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What went wrong, in Node's word for it. */
const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);

async function readPath(path: string): Promise<Uint8Array> {
  try {
    const info = statOf(path);
    return info?.isFile() && info.size < SHORT ? fs().readFileSync(path) : await readFile(path);
  } catch (cause) {
    const code = codeOf(cause);
    const why = code === "ENOENT" ? "there is no such file" : code === "EACCES" ? "permission denied" : code;
    throw new FormatError(`${path} cannot be read: ${why}.`, { cause });
  }
}

/** The file of a folder that says what the model is: ours or TF.js' model.json, or an unpacked `.keras` file's. */
function modelFileOf(folder: string): string {
  const names = fs().readdirSync(folder);
  if (names.includes("saved_model.pb")) {
    throw new FormatError(
      `${folder} is a SavedModel, which is not read. In Python: tf.keras.models.load_model(folder).save("model.keras").`,
    );
  }
  const found = ["model.json", "config.json"].find((name) => names.includes(name));
  if (found) return found;
  const models = names.filter((name) => /\.(keras|h5|hdf5|json)$/.test(name)).slice(0, 5);
  const hint = models.length > 0 ? ` Name one of its files: ${models.join(", ")}.` : "";
  throw new FormatError(`${folder} is a folder without a model.json.${hint}`);
}

async function openPath(path: string): Promise<OpenedFile> {
  const { basename, dirname, join, resolve } = paths();
  const inside = statOf(path)?.isDirectory() ? modelFileOf(path) : "";
  const file = join(path, inside);
  const folder = dirname(resolve(file));
  return {
    bytes: await readPath(file),
    name: join(basename(path), inside),
    sibling: (name) => readPath(join(folder, siblingName(name))),
    late(name, wanted) {
      const there = join(folder, siblingName(name));
      return lateFile(there, statOf(there), wanted);
    },
  };
}

function notWritten(path: string, cause: unknown): FormatError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FormatError(`${path} cannot be written (${why}).`, { cause });
}

/** Milliseconds after which nobody writes a file any more. */
const ABANDONED = 60_000;

/** Removes what writes that were killed have left of a file: hidden files of its name and a random one, a minute old. */
async function removeLeftovers(path: string): Promise<void> {
  const { basename, dirname, join } = paths();
  const { readdir, rm, stat: info } = fs().promises;
  const start = `.${basename(path)}.`;
  const isRandom = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  const names = await readdir(dirname(path));
  for (const name of names.filter((one) => one.startsWith(start) && isRandom.test(one.slice(start.length)))) {
    const left = join(dirname(path), name);
    const { mtimeMs } = await info(left);
    if (Date.now() - mtimeMs > ABANDONED) await rm(left, { force: true });
  }
}

/** Writes a file in one step: readers see the old content or the new one, never a part. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const { basename, dirname, join } = paths();
  const { mkdir, rename, rm, writeFile } = fs().promises;
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes, { flag: "wx" });
    await rename(temporary, path);
    // Another process may remove the same ones.
    await removeLeftovers(path).catch(() => undefined);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw notWritten(path, cause);
  }
}

/** Opens a path, a `file:` URL or another URL. */
export function openSource(source: string): Promise<OpenedFile> {
  if (/^https?:|^data:|^blob:/.test(source)) return openUrl(source);
  return openPath(/^file:/.test(source) ? builtin<typeof Urls>("node:url").fileURLToPath(source) : source);
}

/** Writes files whole: one by its own path, several into a folder. */
export async function writeFiles(target: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const names = Object.keys(files);
  const single = names.length === 1 && names[0]!.startsWith(".");
  for (const [name, bytes] of Object.entries(files))
    await writeWhole(single ? target : paths().join(target, name), bytes);
}

/** Adds to the end of a file; makes it, and its folder. */
export async function appendBytes(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const { appendFile, mkdir } = fs().promises;
    await mkdir(paths().dirname(path), { recursive: true });
    await appendFile(path, bytes);
  } catch (cause) {
    throw notWritten(path, cause);
  }
}

/** A file's bytes; undefined if there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return fs().existsSync(path) ? readPath(path) : undefined;
}
