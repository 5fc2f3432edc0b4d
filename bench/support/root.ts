import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The package's folder, found upwards from this file, which may have been bundled into build/. */
function findPackage(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "asconfig.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("The package's folder is not above the bench.");
    folder = parent;
  }
  return folder;
}

export const packageRoot = pathToFileURL(`${findPackage()}/`);
export const benchRoot = new URL("bench/", packageRoot);
