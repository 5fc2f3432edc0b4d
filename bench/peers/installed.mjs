import { readFileSync } from "node:fs";

/** The version of a rival as installed; a package need not export its package.json. */
export function installedVersion(name) {
  const file = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
