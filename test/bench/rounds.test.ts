import { describe, expect, it } from "vitest";
import { PEERS } from "../../bench/peers/peers.ts";
import type { PeerProcess } from "../../bench/support/peer-process.ts";
import { isQuiet, measureRounds, type Round, ratioOf, timesOf } from "../../bench/support/rounds.ts";

function round(times: Readonly<Record<string, number>>, quiet = true): Round {
  const timings = Object.entries(times).map(([id, ms]) => [id, { ms, bestMs: ms, calls: 1 }] as const);
  return { quiet, otherCores: quiet ? 0 : 1, timings: new Map(timings) };
}

describe("ratios over rounds", () => {
  it("is the median of per-round ratios, not the ratio of medians", () => {
    // The machine is twice as slow in the last two rounds: each ratio is still 0.5 or close to it.
    const rounds = [round({ a: 1, b: 2 }), round({ a: 1, b: 2.2 }), round({ a: 2, b: 4 }), round({ a: 2, b: 3.8 })];
    expect(ratioOf(rounds, "a", "b")).toBeCloseTo(0.5, 12);
    expect(ratioOf(rounds, "b", "a")).toBeCloseTo(2, 12);
  });

  it("uses rounds in which both took part, and says so where there are none", () => {
    const rounds = [round({ a: 1, b: 4 }), round({ a: 100 }), round({ b: 100 })];
    expect(ratioOf(rounds, "a", "b")).toBe(0.25);
    expect(ratioOf(rounds, "a", "c")).toBeUndefined();
    expect(timesOf(rounds, "a")).toEqual([1, 100]);
  });

  it("drops spoilt rounds where three quiet ones are left, else keeps all", () => {
    const spoilt = round({ a: 9, b: 1 }, false);
    const three = [spoilt, round({ a: 1, b: 1 }), round({ a: 2, b: 1 }), round({ a: 3, b: 1 })];
    expect(timesOf(three, "a")).toEqual([1, 2, 3]);
    expect(ratioOf(three, "a", "b")).toBe(2);
    expect(timesOf(three.slice(0, 3), "a")).toEqual([9, 1, 2]);
  });

  it("calls a round quiet up to a third of a core of other work", () => {
    expect([0, 0.3, 0.4, 2].map(isQuiet)).toEqual([true, true, false, false]);
  });
});

/** Peers whose calls take a set time; `order` collects who was measured when. */
function fakes(times: Readonly<Record<string, number>>, order: string[]): PeerProcess[] {
  return Object.entries(times).map(([id, ms]) => {
    const peer = PEERS.find((entry) => entry.id === id)!;
    const measure = async () => {
      order.push(id);
      return { ms, bestMs: ms, calls: 1 };
    };
    return { peer, measure, cpuSeconds: () => 0 } as unknown as PeerProcess;
  });
}

describe("measureRounds", () => {
  it("visits every peer in every round, in changing order", async () => {
    const order: string[] = [];
    const peers = fakes({ "rnn-wasm": 1, "ort-web": 2, naive: 3 }, order);
    const rounds = await measureRounds(peers, { rounds: 3, ms: 1 });
    expect(rounds.length).toBeGreaterThanOrEqual(3);
    expect(rounds.length).toBeLessThanOrEqual(6);
    for (const { timings } of rounds) expect([...timings.keys()].sort()).toEqual(["naive", "ort-web", "rnn-wasm"]);
    const orders = rounds.map((_, i) => order.slice(3 * i, 3 * i + 3).join());
    expect(new Set(orders).size).toBeGreaterThan(1);
  });

  it("asks slow peers less often", async () => {
    const order: string[] = [];
    const peers = fakes({ "rnn-wasm": 1, naive: 5000 }, order);
    const rounds = await measureRounds(peers, { rounds: 8, ms: 1 });
    expect(order.filter((id) => id === "rnn-wasm")).toHaveLength(rounds.length);
    expect(order.filter((id) => id === "naive").length).toBeLessThanOrEqual(4);
    expect(timesOf(rounds, "naive").length).toBeGreaterThanOrEqual(3);
  });
});
