import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The package as a user has it: packed, and installed into a folder of its own. */
export interface Installed {
  /** The user's folder, with `node_modules/rnn-wasm`. */
  readonly folder: string;
  readonly tarball: string;
  /** Paths of the packed files, as `package/…`'s inside. */
  readonly files: readonly string[];
  remove(): void;
}

/** Packs the built package and installs the tarball. */
export function installPacked(): Installed {
  if (!existsSync(join(root, "dist/simd.wasm"))) throw new Error('dist/ is missing: run "npm run build" first');
  const folder = mkdtempSync(join(tmpdir(), "rnn-wasm packed "));
  const npm = (args: readonly string[], cwd: string) =>
    execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const packed = npm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder], root);
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(folder, filename);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], folder);
  return {
    folder,
    tarball,
    files: files.map(({ path }) => path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
