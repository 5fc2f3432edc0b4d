import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Hdf5Group } from "../../src/formats/hdf5/index.ts";
import { findSuperblock, openHdf5 } from "../../src/formats/hdf5/index.ts";
import { isZip, readZip } from "../../src/formats/zip.ts";

const GOLDENS = "../shared/goldens";

/** Reads every value of a group; returns how many datasets there were. */
function readAll(group: Hdf5Group): number {
  let datasets = 0;
  for (const name of group.attributes.names()) group.attributes.get(name);
  for (const name of group.keys()) {
    const child = group.get(name)!;
    if (child.kind === "group") {
      datasets += readAll(child);
    } else {
      const count = child.shape.reduce((product, size) => product * size, 1);
      expect(child.read().length, child.name).toBe(count);
      if (child.dtype !== "string") expect(child.readFloat32().length, child.name).toBe(count);
      datasets++;
    }
  }
  return datasets;
}

test.skipIf(!existsSync(GOLDENS))(
  `every .h5 and .keras of ${GOLDENS} opens (skipped where that folder is absent)`,
  () => {
    let files = 0;
    let datasets = 0;
    for (const path of readdirSync(GOLDENS, { recursive: true }) as string[]) {
      if (!/\.(h5|keras)$/.test(path)) continue;
      const bytes = readFileSync(`${GOLDENS}/${path}`);
      const inside = isZip(bytes) ? readZip(bytes).get("model.weights.h5") : bytes;
      expect(inside !== undefined && findSuperblock(inside) === 0, path).toBe(true);
      datasets += readAll(openHdf5(inside!));
      files++;
    }
    expect(files).toBeGreaterThan(2000);
    expect(datasets).toBeGreaterThan(files);
  },
);
