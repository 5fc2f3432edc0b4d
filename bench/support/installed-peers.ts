import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PEERS, type Peer, peerOf } from "../peers/peers.ts";
import { benchRoot, packageRoot } from "./root.ts";

/**
 * The peers to measure.
 *
 * @throws {Error} If the rivals or dist/ are not there, saying what to run.
 */
export function installedPeers(wanted: readonly string[] | undefined): readonly Peer[] {
  if (!existsSync(new URL("dist/platform/node.js", packageRoot))) {
    throw new Error("The benchmark runs the built package: run `npm run build` first.");
  }
  const usual = PEERS.filter(({ id, needsPage }) => !needsPage && (id !== "rnn-wasm-simd" || hasRelaxed()));
  const peers = wanted ? wanted.map(peerOf) : usual;
  const rivals = peers.some((peer) => !/rnn-wasm|naive/.test(peer.module));
  if (rivals && !existsSync(join(fileURLToPath(benchRoot), "peers/node_modules"))) {
    throw new Error("The rivals are not installed: run `npm run bench:peers` first (they are no part of the package).");
  }
  return peers;
}

/** True if this engine compiles relaxed SIMD, so that the simd build is a row of its own. */
export function hasRelaxed(): boolean {
  // (module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd))
  const bytes = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32,
    2, 253, 133, 2, 11,
  ];
  return WebAssembly.validate(Uint8Array.from(bytes));
}
