import { readFileSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { workloadFiles } from "../models/files.ts";
import { BASELINE, peerOf } from "../peers/peers.ts";
import { bundleForPage, launch, pageOf, processTree, serve } from "../support/browsers.ts";
import { Reference, TOLERANCE } from "../support/compare.ts";
import { type WorkloadResult, workloadTable } from "../support/compare-peers.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { cpuSeconds, machineCpuSeconds, type Timing } from "../support/peer-process.ts";
import type { SuiteOptions, SuiteReport } from "../support/report.ts";
import { benchRoot } from "../support/root.ts";
import { isQuiet, type Round, ratioOf, timesOf } from "../support/rounds.ts";
import { deviation, median } from "../support/statistics.ts";
import { tfliteModel } from "../support/tflite.ts";
import { WORKLOADS, type Workload } from "../workloads.ts";

const IDS = ["rnn-wasm", "rnn-wasm-simd", "ort-web", "litert"];

interface PageWindow {
  versions: Record<string, string>;
  load(
    ids: readonly string[],
  ): Promise<Record<string, { version: string; loadMs: number; firstMs: number; outputs: string[] }>>;
  round(ids: readonly string[], ms: number): Promise<Record<string, Timing>>;
}

function fromBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Processor seconds of the machine and of the browser with this process; equal where the system does not say. */
function clocks(browserProcess: number | undefined): { now: number; machine: number; own: number } {
  const own = [process.pid, ...(browserProcess ? processTree(browserProcess) : [])].reduce(
    (sum, pid) => sum + cpuSeconds(pid),
    0,
  );
  return { now: performance.now(), machine: machineCpuSeconds() ?? own, own };
}

/** Rounds in the page; those that other work has spoilt are repeated, up to as many again. */
async function measureInPage(page: Page, ids: readonly string[], options: SuiteOptions): Promise<Round[]> {
  const browserProcess = page.browser().process()?.pid;
  const rounds: Round[] = [];
  for (let i = 0; i < 2 * options.rounds; i++) {
    if (rounds.filter((round) => round.quiet).length >= options.rounds) break;
    const order = [...ids.slice(i % ids.length), ...ids.slice(0, i % ids.length)];
    const start = clocks(browserProcess);
    const timings = await page.evaluate(
      (all, ms) => (window as unknown as PageWindow).round(all, ms),
      i % 2 === 0 ? order : order.reverse(),
      options.ms,
    );
    const end = clocks(browserProcess);
    const others = end.machine - start.machine - (end.own - start.own);
    const otherCores = Math.max(0, others / ((end.now - start.now) / 1000));
    rounds.push({ quiet: isQuiet(otherCores), otherCores, timings: new Map(Object.entries(timings)) });
  }
  return rounds;
}

async function compareInPage(
  page: Page,
  workload: Workload,
  ids: readonly string[],
  options: SuiteOptions,
): Promise<WorkloadResult> {
  const answers = await page.evaluate((all) => (window as unknown as PageWindow).load(all), ids);
  const reference = new Reference(workload);
  const errors = Object.fromEntries(
    ids.map((id) => [id, reference.error(answers[id]!.outputs.map(fromBase64), false)]),
  );
  for (const id of ids) if (errors[id]! > TOLERANCE) throw new Error(`${id} is wrong by ${errors[id]} in the page.`);
  const rounds = await measureInPage(page, ids, options);
  const { id, title, flops, batch, timesteps } = workload;
  return {
    id,
    title,
    flops,
    batch,
    timesteps,
    quietRounds: rounds.filter((round) => round.quiet).length,
    otherCores: median(rounds.map((round) => round.otherCores)),
    failures: {},
    peers: ids.map((peer) => {
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

/** The same workloads in a headless browser, all peers in one page, one thread each. */
export async function browser(options: SuiteOptions): Promise<SuiteReport> {
  installedPeers(IDS);
  const wanted = options.peers ? IDS.filter((id) => options.peers!.includes(id)) : IDS;
  const package_ = (path: string) => new URL(`peers/node_modules/${path}`, benchRoot);
  const litert = JSON.parse(readFileSync(package_("@litertjs/core/package.json"), "utf8")) as { version: string };
  const files = new Map([
    ["/page.js", await bundleForPage("browser/page.mjs")],
    ["/", pageOf("/page.js")],
  ]);
  const folders = { "/ort/": package_("onnxruntime-web/dist/"), "/litert/": package_("@litertjs/core/wasm/") };
  const { address, close } = await serve(files, folders);
  const instance = await launch(options.browser);
  const version = await instance.version();
  const results: WorkloadResult[] = [];
  try {
    for (const [id, make] of Object.entries(WORKLOADS)) {
      if (!id.includes(options.filter)) continue;
      options.say(`browser ${id}`);
      const workload = make();
      // A page for each, so that no peer's memory or compiled code outlives its workload.
      const page = await instance.newPage();
      page.on("pageerror", (error) => options.say(`page: ${String(error)}`));
      await page.goto(address);
      await page.waitForFunction("window.ready === true", { timeout: 30_000 });
      await page.evaluate(
        (known) => {
          (window as unknown as PageWindow).versions = known;
        },
        { litert: litert.version },
      );
      for (const [name, bytes] of Object.entries(workloadFiles(workload))) files.set(`/workload/${name}`, bytes);
      // Single steps would need another model there, with its states as inputs and outputs.
      const tflite =
        workload.kind === "sequence" && wanted.includes("litert") ? tfliteModel(workload, options.say) : undefined;
      if (tflite) files.set("/workload/model.tflite", tflite);
      const ids = wanted.filter((peer) => peer !== "litert" || tflite);
      results.push(await compareInPage(page, workload, ids, options));
      await page.close();
    }
  } finally {
    await instance.close();
    close();
  }
  const [name = options.browser, number = ""] = version.toLowerCase().replace("headless", "").split(/[/.]/);
  return {
    suite: "browser",
    title: `In the browser: ${version}`,
    engine: { slug: `${name.replace("chrome", "chromium")}-${number}`, runtime: version },
    tables: results.map(workloadTable),
    data: results,
  };
}
