import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formName, goldenIndex, hasGoldens, readCase } from "./support/goldens.ts";
import { runGolden } from "./support/run-golden.ts";

// Cases whose constructs are still to come, one id a line. A pending case that passes is a failure, so that the list
// cannot outlive its reason.
const pending = new Set(
  readFileSync(new URL("./fixtures/goldens-pending.txt", import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean),
);
const cases = goldenIndex("predict");
const sets = new Map<string, typeof cases>();
for (const entry of cases) {
  const set = entry.folder.split("/")[0]!;
  sets.set(set, [...(sets.get(set) ?? []), entry]);
}

/** Every fault of every form, in the build that this run is for. */
async function faultsOf(folder: string): Promise<readonly string[]> {
  const golden = readCase(folder);
  const faults: string[] = [];
  for (const files of golden.models) {
    const fault = await runGolden(folder, golden, files).catch((error: unknown) => String(error));
    if (fault) faults.push(`${formName(files)}: ${fault}`);
  }
  return faults;
}

describe("goldens of Keras", () => {
  it.runIf(!hasGoldens)("are not beside the project: ../shared/goldens is absent, so that no case runs", () => {
    expect(hasGoldens).toBe(false);
  });

  it.runIf(hasGoldens)("has no pending name without a case", () => {
    const known = new Set(cases.map((entry) => entry.id));
    expect([...pending].filter((id) => !known.has(id))).toEqual([]);
  });

  for (const [set, entries] of sets) {
    describe(set, () => {
      for (const { id, folder } of entries) {
        it(pending.has(id) ? `${id} is pending` : id, async () => {
          const faults = await faultsOf(folder);
          if (pending.has(id)) expect(faults, "this case passes: take it off the list").not.toEqual([]);
          else if (faults.length > 0) throw new Error(faults.join("\n"));
        });
      }
    });
  }
});
