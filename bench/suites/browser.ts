import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type * as Esbuild from "esbuild";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { workloadFiles } from "../models/files.ts";
import { BASELINE, peerOf } from "../peers/peers.ts";
import { Reference, TOLERANCE } from "../support/compare.ts";
import { type WorkloadResult, workloadTable } from "../support/compare-peers.ts";
import { installedPeers } from "../support/installed-peers.ts";
import type { Timing } from "../support/peer-process.ts";
import type { SuiteOptions, SuiteReport } from "../support/report.ts";
import { benchRoot, packageRoot } from "../support/root.ts";
import { type Round, ratioOf, timesOf } from "../support/rounds.ts";
import { deviation, median } from "../support/statistics.ts";
import { WORKLOADS, type Workload } from "../workloads.ts";

const IDS = ["rnn-wasm", "rnn-wasm-simd", "ort-web"] as const;
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

interface PageWindow {
  load(
    ids: readonly string[],
  ): Promise<Record<string, { version: string; loadMs: number; firstMs: number; outputs: string[] }>>;
  round(ids: readonly string[], ms: number): Promise<Record<string, Timing>>;
}

async function bundlePage(): Promise<Uint8Array> {
  const esbuild = createRequire(new URL("package.json", packageRoot))("esbuild") as typeof Esbuild;
  const result = await esbuild.build({
    entryPoints: [fileURLToPath(new URL("browser/page.mjs", benchRoot))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["node:*"],
    nodePaths: [fileURLToPath(new URL("peers/node_modules", benchRoot))],
    logLevel: "error",
  });
  return result.outputFiles[0]!.contents;
}

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
  json: "application/json",
};

/** A server for the page, ONNX Runtime's files and the current workload's. */
async function serve(files: ReadonlyMap<string, Uint8Array>) {
  const ort = new URL("peers/node_modules/onnxruntime-web/dist/", benchRoot);
  const server = createServer(({ url = "/" }, response) => {
    const path = url.split("?")[0]!;
    const local = /^\/ort\/([\w.-]+)$/.exec(path)?.[1];
    const bytes = local && existsSync(new URL(local, ort)) ? readFileSync(new URL(local, ort)) : files.get(path);
    const type = TYPES[path.split(".").at(-1)!] ?? (path === "/" ? "text/html" : "application/octet-stream");
    response.writeHead(bytes ? 200 : 404, {
      "content-type": type,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

function fromBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function compareInPage(page: Page, workload: Workload, options: SuiteOptions): Promise<WorkloadResult> {
  const answers = await page.evaluate((ids) => (window as unknown as PageWindow).load(ids), IDS);
  const reference = new Reference(workload);
  const errors = Object.fromEntries(
    IDS.map((id) => [id, reference.error(answers[id]!.outputs.map(fromBase64), false)]),
  );
  for (const id of IDS) if (errors[id]! > TOLERANCE) throw new Error(`${id} is wrong by ${errors[id]} in the page.`);
  const rounds: Round[] = [];
  for (let i = 0; i < options.rounds; i++) {
    const order = [...IDS.slice(i % IDS.length), ...IDS.slice(0, i % IDS.length)];
    const timings = await page.evaluate(
      (ids, ms) => (window as unknown as PageWindow).round(ids, ms),
      i % 2 === 0 ? order : order.reverse(),
      options.ms,
    );
    rounds.push({ quiet: true, otherCores: Number.NaN, timings: new Map(Object.entries(timings)) });
  }
  const { id, title, flops, batch, timesteps } = workload;
  return {
    id,
    title,
    flops,
    batch,
    timesteps,
    quietRounds: rounds.length,
    otherCores: Number.NaN,
    failures: {},
    peers: IDS.map((peer) => {
      const times = timesOf(rounds, peer);
      const { version, loadMs, firstMs } = answers[peer]!;
      return {
        id: peer,
        label: peerOf(peer).label,
        version,
        ms: median(times),
        madMs: deviation(times),
        bestMs: Math.min(...rounds.map((round) => round.timings.get(peer)!.bestMs)),
        toBaseline: ratioOf(rounds, peer, BASELINE),
        oursToThis: ratioOf(rounds, "rnn-wasm", peer),
        gflops: flops / median(times) / 1e6,
        loadMs,
        firstMs,
        peakMb: 0,
        error: errors[peer]!,
        rounds: times.length,
      };
    }),
  };
}

/** The same workloads in headless Chromium, all peers in one page. */
export async function browser(options: SuiteOptions): Promise<SuiteReport> {
  installedPeers([...IDS]);
  const executablePath = process.env["CHROMIUM"] ?? CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Error("No Chromium was found: install it, or name it in the variable CHROMIUM.");
  const files = new Map<string, Uint8Array>([
    ["/page.js", await bundlePage()],
    [
      "/",
      new TextEncoder().encode('<!doctype html><title>bench</title><script type="module" src="/page.js"></script>'),
    ],
  ]);
  const { server, address } = await serve(files);
  const results: WorkloadResult[] = [];
  let instance: Browser | undefined;
  let version = "";
  try {
    instance = await puppeteer.launch({ executablePath, args: ["--no-sandbox"], protocolTimeout: 300_000 });
    version = await instance.version();
    const page = await instance.newPage();
    page.on("pageerror", (error) => options.say(`page: ${String(error)}`));
    await page.goto(address);
    await page.waitForFunction("window.ready === true", { timeout: 30_000 });
    for (const [id, make] of Object.entries(WORKLOADS)) {
      if (!id.includes(options.filter)) continue;
      options.say(`browser ${id}`);
      const workload = make();
      for (const [name, bytes] of Object.entries(workloadFiles(workload))) files.set(`/workload/${name}`, bytes);
      results.push(await compareInPage(page, workload, options));
    }
  } finally {
    await instance?.close();
    server.close();
  }
  const tables = results.map((result) => ({ ...workloadTable(result), title: `${result.title} (${version})` }));
  return { suite: "browser", title: `In the browser: ${version}`, tables, data: results };
}
