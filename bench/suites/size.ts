import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type * as Esbuild from "esbuild";
import type { SuiteOptions, SuiteReport } from "../support/report.ts";
import { benchRoot, packageRoot } from "../support/root.ts";

interface SizeResult {
  readonly label: string;
  readonly rawBytes: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
}

interface Shipped {
  readonly label: string;
  /** A module to bundle and minify, as source text. */
  readonly source?: string;
  /** Where its imports are looked up. */
  readonly folder: URL;
  /** Files that are fetched beside it. */
  readonly files?: readonly string[];
  /** True if parts that are loaded on demand are not counted. */
  readonly later?: true;
}

const peers = new URL("peers/", benchRoot);
const modules = "node_modules";

const SHIPPED: readonly Shipped[] = [
  {
    label: "rnn-wasm core: loadModelSync, predict, sessions; both builds inlined",
    source: `export { loadModelSync } from "./dist/platform/browser.js";`,
    folder: packageRoot,
    later: true,
  },
  {
    label: "rnn-wasm, the browser's whole entry without file readers and training",
    source: `export * from "./dist/platform/browser.js";`,
    folder: packageRoot,
    later: true,
  },
  {
    label: "rnn-wasm with every file reader",
    // What the package loads on demand lies in files of generated names: from the sources, then.
    source: `export * from "./src/platform/browser.ts"; export { readModel } from "./src/formats/read-model.ts"; export { parseYaml } from "./src/formats/keras/yaml.ts";`,
    folder: packageRoot,
    later: true,
  },
  {
    label: "TensorFlow.js (wasm): core, layers and backend, simd only",
    source: `export { tensor, setBackend } from "@tensorflow/tfjs-core"; export { loadLayersModel } from "@tensorflow/tfjs-layers"; export * from "@tensorflow/tfjs-backend-wasm";`,
    folder: peers,
    files: [`${modules}/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`],
  },
  {
    label: "ONNX Runtime Web (wasm only)",
    folder: peers,
    files: [
      `${modules}/onnxruntime-web/dist/ort.wasm.bundle.min.mjs`,
      `${modules}/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm`,
    ],
  },
  {
    label: "LiteRT.js",
    source: `export * from "@litertjs/core";`,
    folder: peers,
    files: [
      `${modules}/@litertjs/core/wasm/litert_wasm_internal.js`,
      `${modules}/@litertjs/core/wasm/litert_wasm_internal.wasm`,
    ],
  },
  { label: "brain.js", source: `export { recurrent } from "brain.js";`, folder: peers },
];

/** Minified ESM of a source text with all that it imports at once. */
async function bundle({ source, folder, later }: Shipped): Promise<Uint8Array> {
  // Bundling a bundler's own package breaks it: it is loaded as it lies.
  const esbuild = createRequire(new URL("package.json", packageRoot))("esbuild") as typeof Esbuild;
  const result = await esbuild.build({
    stdin: { contents: source!, resolveDir: fileURLToPath(folder), loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: [
      "fs",
      "path",
      "os",
      "crypto",
      "util",
      "worker_threads",
      "perf_hooks",
      "stream",
      "node:*",
      "gl",
      "gpu.js",
    ],
    logLevel: "error",
    plugins: later
      ? [
          {
            name: "later",
            setup(build) {
              build.onResolve({ filter: /./ }, ({ path, kind }) =>
                kind === "dynamic-import" ? { path, external: true } : undefined,
              );
            },
          },
        ]
      : [],
  });
  return result.outputFiles[0]!.contents;
}

function brotli(bytes: Uint8Array): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
}

/** What a page must fetch before it can predict. */
export async function size(options: SuiteOptions): Promise<SuiteReport> {
  const data: SizeResult[] = [];
  for (const shipped of SHIPPED.filter(({ label }) => label.includes(options.filter))) {
    if (shipped.folder === peers && !existsSync(new URL(modules, peers))) {
      options.say(`${shipped.label}: not installed (npm run bench:peers)`);
      continue;
    }
    options.say(`size: ${shipped.label}`);
    const files: Uint8Array[] = (shipped.files ?? []).map((file) => readFileSync(new URL(file, shipped.folder)));
    if (shipped.source) files.push(await bundle(shipped));
    const sum = (measure: (bytes: Uint8Array) => number) => files.reduce((total, bytes) => total + measure(bytes), 0);
    data.push({
      label: shipped.label,
      rawBytes: sum((bytes) => bytes.length),
      gzipBytes: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
      brotliBytes: sum(brotli),
    });
  }
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(bytes < 1e6 ? 1 : 0)} KB`;
  const table = {
    title: "What a page fetches before it can predict (JavaScript minified by esbuild, 1 KB = 1000 bytes)",
    head: ["set", "raw", "gzip -9", "brotli 11"],
    rows: data.map((row) => [row.label, ...[row.rawBytes, row.gzipBytes, row.brotliBytes].map(kilobytes)]),
  };
  return { suite: "size", title: "Size", tables: [table], data };
}
