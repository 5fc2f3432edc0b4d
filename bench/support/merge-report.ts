import type { SuiteReport } from "./report.ts";

/**
 * A suite's earlier report with what a run of some of its workloads (`--filter`) has measured anew: tables by their
 * titles, numbers by workload.
 */
export function mergeReport(before: SuiteReport | undefined, now: SuiteReport): SuiteReport {
  if (!before) return now;
  const tables = byKey(before.tables, now.tables, ({ title }) => title);
  return { ...now, tables, data: mergeData(before.data, now.data) };
}

function mergeData(before: unknown, now: unknown): unknown {
  const key = (entry: unknown) => (entry as { id?: string }).id ?? JSON.stringify(entry);
  if (Array.isArray(before) && Array.isArray(now)) return byKey(before as unknown[], now as unknown[], key);
  return { ...(before as object), ...(now as object) };
}

/** The earlier entries in their order, renewed where there is a later one of the same key; then the new ones. */
function byKey<T>(before: readonly T[], now: readonly T[], key: (entry: T) => string): T[] {
  const entries = new Map([...before, ...now].map((entry) => [key(entry), entry]));
  return [...entries.values()];
}
