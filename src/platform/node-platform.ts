import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type * as WorkerThreads from "node:worker_threads";
import type { OpenedFile, Platform } from "../api/source.ts";
import type { FromWorker } from "../api/worker-messages.ts";
import { FormatError } from "../errors.ts";
import { openUrl, siblingName } from "./fetch.ts";

async function readPath(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = code === "ENOENT" ? "there is no such file" : code === "EACCES" ? "permission denied" : code;
    throw new FormatError(`${path} cannot be read: ${why}.`, { cause });
  }
}

/** The file of a folder that says what the model is: ours or TF.js' model.json, or an unpacked `.keras` file's. */
async function modelFileOf(folder: string): Promise<string> {
  const names = await readdir(folder);
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
  const info = await stat(path).catch(() => undefined);
  const inside = info?.isDirectory() ? await modelFileOf(path) : "";
  const file = join(path, inside);
  const folder = dirname(resolve(file));
  return {
    bytes: await readPath(file),
    name: join(basename(path), inside),
    sibling: (name) => readPath(join(folder, siblingName(name))),
  };
}

/** Writes a file in one step: readers see the old content or the new one, never a part. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes, { flag: "wx" });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new FormatError(`${path} cannot be written (${cause instanceof Error ? cause.message : String(cause)}).`, {
      cause,
    });
  }
}

/** Files, URLs and worker threads of Node, Deno and Bun. */
export const nodePlatform: Platform = {
  open(source) {
    const text = String(source);
    if (/^https?:|^data:|^blob:/.test(text)) return openUrl(text);
    return openPath(/^file:/.test(text) ? fileURLToPath(text) : text);
  },
  async write(target, files) {
    const names = Object.keys(files);
    const single = names.length === 1 && names[0]!.startsWith(".");
    for (const [name, bytes] of Object.entries(files)) await writeWhole(single ? target : join(target, name), bytes);
  },
  async append(path, bytes) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, bytes);
    } catch (cause) {
      throw new FormatError(`${path} cannot be written (${cause instanceof Error ? cause.message : String(cause)}).`, {
        cause,
      });
    }
  },
  async read(path) {
    return (await stat(path).catch(() => undefined)) ? readPath(path) : undefined;
  },
  async screen() {
    const { streamScreen } = await import("./node-screen.ts");
    return streamScreen(process.stdout);
  },
  spawn() {
    // Loaded here, since a process that spawns nothing starts two milliseconds sooner without.
    const { Worker } = createRequire(import.meta.url)("node:worker_threads") as typeof WorkerThreads;
    const worker = new Worker(new URL("./worker-node.js", import.meta.url));
    // An idle worker does not keep the process alive; one that owes an answer does.
    worker.unref();
    let owed = 0;
    return {
      post(message, transfer = []) {
        if (owed++ === 0) worker.ref();
        worker.postMessage(message, [...transfer]);
      },
      listen(onMessage, onError) {
        worker.on("message", (message: FromWorker) => {
          if (--owed === 0) worker.unref();
          onMessage(message);
        });
        worker.on("error", onError);
      },
      terminate() {
        void worker.terminate();
      },
    };
  },
};
