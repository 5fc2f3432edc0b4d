import { comparePeers, type WorkloadResult, workloadTable } from "../support/compare-peers.ts";
import { imdbWorkloads } from "../support/imdb.ts";
import { installedPeers } from "../support/installed-peers.ts";
import type { SuiteOptions, SuiteReport } from "../support/report.ts";
import { WORKLOADS, type Workload } from "../workloads.ts";

/** Runs the workloads of an id prefix on all peers. */
async function run(makers: Readonly<Record<string, () => Workload>>, options: SuiteOptions): Promise<WorkloadResult[]> {
  const peers = installedPeers(options.peers);
  const results: WorkloadResult[] = [];
  for (const [id, make] of Object.entries(makers)) {
    if (!id.includes(options.filter)) continue;
    options.say(id);
    results.push(await comparePeers(make(), peers, options));
  }
  return results;
}

function select(isWanted: (id: string) => boolean): Record<string, () => Workload> {
  return Object.fromEntries(Object.entries(WORKLOADS).filter(([id]) => isWanted(id)));
}

/** Whole sequences: workloads A, B, D and E, and A on real reviews. */
export async function layers(options: SuiteOptions): Promise<SuiteReport> {
  const results = await run({ ...select((id) => !id.startsWith("C_")), ...imdbWorkloads(options.say) }, options);
  return { suite: "layers", title: "Recurrent layers", tables: results.map(workloadTable), data: results };
}

/** Single steps with the state carried: workload C. */
export async function step(options: SuiteOptions): Promise<SuiteReport> {
  const results = await run(
    select((id) => id.startsWith("C_")),
    options,
  );
  return { suite: "step", title: "Single steps", tables: results.map(workloadTable), data: results };
}
