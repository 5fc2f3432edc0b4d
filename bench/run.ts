import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { chooseBuild } from "../src/engine/choose-build.ts";
import type { Build } from "../src/engine/load-module.ts";
import { roofline } from "./suites/roofline.ts";
import { smoke } from "./suites/smoke.ts";

const SUITES: Readonly<Record<string, (builds: readonly Build[]) => Promise<void>>> = { smoke, roofline };
const USAGE = `usage: npm run bench -- SUITE [--build simd|relaxed]
  smoke      LSTM(128) over 100 steps, batch 1 and 32, beside the machine's ceilings
  roofline   share of the ceilings by units and batch
Without --build: every build that runs here.`;

function runs(build: Build): boolean {
  try {
    return chooseBuild(build).build === build;
  } catch {
    return false;
  }
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { build: { type: "string" } } });
const suite = SUITES[positionals[0] ?? ""];
const builds = (["relaxed", "simd"] as const).filter((build) => runs(build) && build === (values.build ?? build));
if (!suite || builds.length === 0) {
  console.error(suite ? `the build ${values.build} does not run here` : USAGE);
  process.exit(2);
}
console.log(`Node ${process.version} (V8 ${process.versions.v8}), ${cpus()[0]?.model ?? "unknown processor"}`);
await suite(builds);
