import { cpuSeconds, machineCpuSeconds, type PeerProcess, type Timing } from "./peer-process.ts";
import { median } from "./statistics.ts";

/** Work of other processes above this many cores spoils a round. */
const QUIET_CORES = 0.35;
/** Rounds that a peer takes part in when one of its calls is slower than this. */
const SLOW_CALL_MS = 300;
const SLOW_ROUNDS = 3;

/** True if so little else ran that a round counts. */
export function isQuiet(otherCores: number): boolean {
  return otherCores <= QUIET_CORES;
}

/** One pass over all peers. */
export interface Round {
  readonly quiet: boolean;
  /** Cores that other processes kept busy. */
  readonly otherCores: number;
  readonly timings: ReadonlyMap<string, Timing>;
}

/** How long to measure. */
export interface RoundOptions {
  readonly rounds: number;
  /** Time for one peer in one round, in milliseconds. */
  readonly ms: number;
}

/**
 * Measures all peers in turn, in an order that changes from round to round. Rounds that other work has spoilt are
 * repeated, up to as many again; what is left then is marked.
 */
export async function measureRounds(peers: readonly PeerProcess[], options: RoundOptions): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let i = 0; i < 2 * options.rounds; i++) {
    if (rounds.filter((round) => round.quiet).length >= options.rounds) break;
    rounds.push(await measureRound(peers, i, options, rounds));
  }
  return rounds;
}

async function measureRound(
  peers: readonly PeerProcess[],
  number: number,
  options: RoundOptions,
  before: readonly Round[],
): Promise<Round> {
  const at = (number * 2) % peers.length;
  const turned = [...peers.slice(at), ...peers.slice(0, at)];
  const timings = new Map<string, Timing>();
  const start = clocks(peers);
  for (const process of number % 2 === 0 ? turned : turned.reverse()) {
    const { id } = process.peer;
    const earlier = before.filter((round) => round.timings.has(id));
    const quietEarlier = earlier.filter((round) => round.quiet).length;
    const isSlow = (earlier[0]?.timings.get(id)?.ms ?? 0) > SLOW_CALL_MS;
    if (isSlow && (quietEarlier >= SLOW_ROUNDS || earlier.length >= SLOW_ROUNDS + 1)) continue;
    timings.set(id, await process.measure(options.ms));
  }
  const end = clocks(peers);
  const seconds = (end.now - start.now) / 1000;
  const otherCores = Math.max(0, (end.machine - start.machine - (end.own - start.own)) / seconds);
  return { quiet: isQuiet(otherCores), otherCores, timings };
}

function clocks(peers: readonly PeerProcess[]): { now: number; machine: number; own: number } {
  const own = peers.reduce((sum, peer) => sum + peer.cpuSeconds(), cpuSeconds(process.pid));
  return { now: performance.now(), machine: machineCpuSeconds() ?? own, own };
}

/** The rounds that count for a peer: the quiet ones if there are three, else all. */
function counted(rounds: readonly Round[], id: string): readonly Round[] {
  const all = rounds.filter((round) => round.timings.has(id));
  const quiet = all.filter((round) => round.quiet);
  return quiet.length >= 3 ? quiet : all;
}

/** Times of one peer over the rounds, in milliseconds a call. */
export function timesOf(rounds: readonly Round[], id: string): number[] {
  return counted(rounds, id).map((round) => round.timings.get(id)!.ms);
}

/** Median over the rounds of a's time divided by b's in the same round; undefined if they never met. */
export function ratioOf(rounds: readonly Round[], a: string, b: string): number | undefined {
  const both = counted(rounds, a).filter((round) => round.timings.has(b));
  if (both.length === 0) return undefined;
  return median(both.map((round) => round.timings.get(a)!.ms / round.timings.get(b)!.ms));
}
