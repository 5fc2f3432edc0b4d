import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dense, embedding, lstm, sequential } from "../../src/api/build.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { TRAINING_PEERS, type TrainingPeer } from "../peers/training/peers.ts";
import { hasRelaxed } from "../support/installed-peers.ts";
import { cpuSeconds, machineCpuSeconds } from "../support/peer-process.ts";
import { digits, formatRatio, type ReportTable, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { packageRoot } from "../support/root.ts";
import { deviation, median } from "../support/statistics.ts";
import {
  BATCH,
  SAMPLES,
  TIMESTEPS,
  type TrainingData,
  trainingData,
  writeTrainingFolder,
} from "../support/training-data.ts";
import { missingPython, TrainingProcess } from "../support/training-process.ts";

/** Batches whose losses are compared before anything is timed. */
const CHECKED = 4;
/** The first loss is before any update; later ones differ by how an optimizer places its epsilon. */
const TOLERANCES = [1e-5, 1e-3, 1e-3, 1e-3];
/** Forward and backward multiply-adds of the LSTM, twice each, for one sample. */
const MFLOPS = (3 * 2 * (128 + 128) * 4 * 128 * TIMESTEPS) / 1e6;

interface PeerResult {
  readonly id: string;
  readonly label: string;
  readonly version: string;
  /** Median over the rounds, and their median distance from it. */
  readonly samplesPerSecond: number;
  readonly madSamplesPerSecond: number;
  /** Medians of per-round ratios of samples a second; above 1 this peer is slower than ours. */
  readonly oursToThis: number;
  readonly peakMb: number;
  readonly lossError: number | null;
  readonly rounds: readonly number[];
}

interface DataResult {
  readonly id: string;
  readonly title: string;
  readonly distinct: number;
  readonly otherCores: number;
  readonly peers: readonly PeerResult[];
  readonly failures: Readonly<Record<string, string>>;
}

interface Entry {
  readonly process: TrainingProcess;
  readonly version: string;
  readonly lossError: number | null;
  readonly speeds: number[];
}

function wantedPeers(options: SuiteOptions): readonly TrainingPeer[] {
  if (!existsSync(new URL("dist/platform/training-node.js", packageRoot))) {
    throw new Error("The benchmark runs the built package: run `npm run build` first.");
  }
  const known = TRAINING_PEERS.filter(({ id }) => id !== "rnn-wasm-simd" || hasRelaxed());
  return options.peers ? known.filter(({ id }) => options.peers!.includes(id)) : known;
}

/** The largest difference of losses. @throws {Error} If one is beyond its tolerance. */
function compareLosses(losses: readonly number[], wanted: readonly number[]): number {
  const errors = losses.map((loss, i) => Math.abs(loss - wanted[i]!));
  const wrong = errors.findIndex((error, i) => !(error <= TOLERANCES[i]!));
  if (wrong >= 0) throw new Error(`the loss of batch ${wrong + 1} is off by ${errors[wrong]}, and it is not timed`);
  return Math.max(...errors);
}

async function start(peer: TrainingPeer, folder: string, wanted: number[]): Promise<Entry> {
  const process = new TrainingProcess(peer, folder);
  try {
    const { version } = await process.load();
    const drops = (peer.options?.dropout ?? 0) > 0;
    const losses = await process.losses(peer.samples ? 1 : CHECKED);
    if (!drops && wanted.length === 0) wanted.push(...losses);
    return { process, version, lossError: drops ? null : compareLosses(losses, wanted), speeds: [] };
  } catch (error) {
    process.close();
    throw error;
  }
}

async function compare(data: TrainingData, parent: string, options: SuiteOptions): Promise<DataResult> {
  const folder = writeTrainingFolder(parent, data);
  const entries: Entry[] = [];
  const failures: Record<string, string> = {};
  const wanted: number[] = [];
  try {
    for (const peer of wantedPeers(options)) {
      try {
        const missing = missingPython(peer);
        if (missing) throw new Error(missing);
        entries.push(await start(peer, folder, wanted));
      } catch (error) {
        failures[peer.label] = (error as Error).message;
        options.say(`  ${peer.label}: ${failures[peer.label]}`);
      }
    }
    const clock = () => ({
      now: performance.now(),
      machine: machineCpuSeconds() ?? Number.NaN,
      own: entries.reduce((sum, entry) => sum + entry.process.cpuSeconds(), cpuSeconds(process.pid)),
    });
    const began = clock();
    for (let round = 0; round < options.rounds; round++) {
      options.say(`  ${data.id}: round ${round + 1} of ${options.rounds}`);
      const at = (2 * round) % Math.max(1, entries.length);
      const turned = [...entries.slice(at), ...entries.slice(0, at)];
      for (const entry of round % 2 === 0 ? turned : turned.reverse()) {
        const samples = entry.process.peer.samples ?? SAMPLES;
        if (entry.process.peer.samples && round > 0) continue;
        const { ms } = await entry.process.epoch(samples);
        entry.speeds.push((1000 * samples) / ms);
      }
    }
    const ended = clock();
    const busy = ended.machine - began.machine - (ended.own - began.own);
    const peers: PeerResult[] = [];
    for (const entry of entries) peers.push(await resultOf(entry, entries[0]!));
    const otherCores = Math.max(0, (1000 * busy) / (ended.now - began.now));
    return { id: data.id, title: data.title, distinct: data.distinct, otherCores, peers, failures };
  } finally {
    for (const { process } of entries) process.close();
  }
}

async function resultOf({ process, version, lossError, speeds }: Entry, ours: Entry): Promise<PeerResult> {
  const { id, label } = process.peer;
  return {
    id,
    label,
    version,
    samplesPerSecond: median(speeds),
    madSamplesPerSecond: deviation(speeds),
    oursToThis: median(speeds.map((speed, round) => ours.speeds[round]! / speed)),
    peakMb: (await process.memory()).peakMb,
    lossError,
    rounds: speeds,
  };
}

function tableOf(result: DataResult): ReportTable {
  const { title, distinct, peers, failures, otherCores } = result;
  const torch = peers.find(({ id }) => id === "torch");
  const rows = peers.map((peer) => [
    peer.label,
    peer.version,
    digits(peer.samplesPerSecond),
    digits(peer.madSamplesPerSecond),
    formatRatio(peer.oursToThis),
    torch ? formatRatio(toTorch(peer, torch)) : "–",
    digits((peer.samplesPerSecond * MFLOPS) / 1000),
    peer.peakMb.toFixed(0),
    peer.lossError === null ? "random" : peer.lossError.toExponential(0),
    String(peer.rounds.length),
  ]);
  const failed = Object.entries(failures).map(([label, why]) => `${label}: ${why}`);
  const work = Number.isNaN(otherCores) ? [] : [`other work ${otherCores.toFixed(2)} cores`];
  return {
    title: `Training the post's model on ${title} (${(100 * distinct).toFixed(0)} % distinct in a batch), batch ${BATCH}, T=${TIMESTEPS}, ${SAMPLES} samples a round`,
    head: [
      "peer",
      "version",
      "samples/s",
      "±",
      "rnn-wasm is faster by",
      "to PyTorch",
      "GFLOP/s",
      "peak MB",
      "loss error",
      "rounds",
    ],
    rows,
    note: [...work, ...failed].join("; "),
  };
}

/** Median of per-round ratios of samples a second to PyTorch's. */
function toTorch(peer: PeerResult, torch: PeerResult): number {
  return median(peer.rounds.map((speed, round) => speed / torch.rounds[round]!));
}

/** Bytes of our trainer: what it must hold, and what it holds. */
async function memoryTable(data: TrainingData): Promise<ReportTable> {
  const [embeddings, , recurrent] = data.weights;
  const model = sequential([
    embedding(embeddings!.shape[0]!, embeddings!.shape[1]!, { inputLength: TIMESTEPS }),
    lstm(recurrent!.shape[0]!, { dropout: 0.2, recurrentDropout: 0.2 }),
    dense(1, { activation: "sigmoid" }),
  ]);
  const trainer = new Trainer(model.inference, { loss: "binary_crossentropy", optimizer: "adam" });
  const x = { data: data.x.slice(0, BATCH * TIMESTEPS), shape: [BATCH, TIMESTEPS] };
  trainer.trainOnBatch(x, { data: data.y.slice(0, BATCH), shape: [BATCH, 1] });
  const weights = data.weights.reduce((sum, weight) => sum + weight.data.byteLength, 0);
  const { tape, total } = trainer.memory;
  model.dispose();
  const needed = 3 * weights + tape;
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return {
    title: "Memory of a training step of the post's model, batch 32",
    head: ["weights", "Adam's two slots", "tape", "all three", "the trainer's memory", "ratio"],
    rows: [[mb(weights), mb(2 * weights), mb(tape), mb(needed), mb(total), formatRatio(total / needed)]],
    note: "The trainer's memory holds a gradient of every weight beyond these, of a table only that of the rows which a batch names. The model itself keeps its weights a second time to predict with.",
  };
}

/** Samples a second of the post's model in training, against native libraries. */
export async function training(options: SuiteOptions): Promise<SuiteReport> {
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  try {
    const all = trainingData(options.say);
    const results: DataResult[] = [];
    for (const data of all.filter(({ id }) => id.includes(options.filter))) {
      options.say(`training: ${data.title}`);
      results.push(await compare(data, parent, options));
    }
    const tables = [...results.map(tableOf), await memoryTable(all.at(-1)!)];
    return { suite: "training", title: "Training", tables, data: results };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
