// Compiles src/ into dist/, joins the modules of each entry and puts the two kernel builds beside them. A stale dist/
// never survives. Joined, the package starts faster: an import of 200 small files takes Node four times as long.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { rolldown } from "rolldown";
import { markStart } from "./start-functions.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

rmSync(join(root, "dist"), { recursive: true, force: true });
const run = spawnSync(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root, stdio: "inherit" });
if (run.status !== 0) process.exit(run.status ?? 1);
const entries = [
  ...["node", "browser", "training-node", "training-browser", "worker-node", "worker-browser"].map(
    (name) => `platform/${name}`,
  ),
  "layers/index",
  "cli/main",
];
const external = Object.keys(dependencies).filter((name) => !["@assemblyscript/loader", "fflate"].includes(name));

/** Joins entries of dist/ with all that they import; what they import on demand stays apart. */
async function joined(names, options) {
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(names.map((name) => [name, join(root, `dist/${name}.js`)])),
    // Small packages are joined: a search for a package costs milliseconds at the start.
    external: (id) => id.startsWith("node:") || external.some((name) => id === name || id.startsWith(`${name}/`)),
    platform: "neutral",
    resolve: { mainFields: ["module", "main"], conditionNames: ["import", "default"] },
    preserveEntrySignatures: "allow-extension",
  });
  const { output } = await bundle.generate({
    format: "esm",
    comments: { legal: true, annotation: true, jsdoc: false },
    ...options,
  });
  await bundle.close();
  return output;
}

/** Every module that an entry imports at once. */
async function startingModules(name) {
  const chunks = new Map((await joined([name])).map((chunk) => [chunk.fileName, chunk]));
  const reached = new Set([[...chunks.values()].find(({ isEntry }) => isEntry).fileName]);
  for (const file of reached) for (const next of chunks.get(file)?.imports ?? []) reached.add(next);
  return new Set([...reached].flatMap((file) => chunks.get(file)?.moduleIds ?? []));
}

const browser = await startingModules("platform/browser");
const node = await startingModules("platform/node");
const core = new Set([...node].filter((id) => browser.has(id)));
const output = await joined(entries, {
  entryFileNames: "[name].js",
  // Beside the entries, so that the workers' addresses, relative to them, stay right.
  chunkFileNames: "platform/shared-[name]-[hash].js",
  codeSplitting: {
    includeDependenciesRecursively: false,
    // What every start needs is one file, and Node's part of it another: each file costs Node half a millisecond.
    groups: [
      { name: "core", test: (id) => core.has(id), priority: 2 },
      { name: "node", test: (id) => node.has(id), priority: 1 },
    ],
  },
});
// The modules have been joined; of each alone only its types are of use.
for (const file of readdirSync(join(root, "dist"), { recursive: true })) {
  if (file.endsWith(".js")) rmSync(join(root, "dist", file));
}
// Without spaces, since a start reads all of the core's text. In lines, because Node prints the one that an error was
// thrown in; with their names, by which traces and logs tell what something is: shorter ones would save about a
// millisecond of a start.
const short = {
  charset: "ascii",
  format: "esm",
  target: "es2022",
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
};
for (const { type, fileName, code } of output) {
  if (type !== "chunk") throw new Error(`The bundle holds a file that is no code: ${fileName}.`);
  // Nothing here has side effects, and bundlers warn of imports for their sake.
  const alone = code.replaceAll(/^import ?"\.[^"]*";\n?/gm, "");
  writeFileSync(join(root, "dist", fileName), (await transform(alone, short)).code);
}
// Node's entry takes in its own part, which other entries share.
const entry = join(root, "dist/platform/node.js");
const part = output.find(({ name, isEntry }) => name === "node" && !isEntry);
await build({
  ...short,
  entryPoints: [entry],
  outfile: entry,
  allowOverwrite: true,
  bundle: true,
  plugins: [
    {
      name: "own part",
      setup({ onResolve }) {
        onResolve({ filter: /^\./ }, ({ path }) =>
          part.fileName.endsWith(path.slice(1)) ? undefined : { path, external: true },
        );
      },
    },
  ],
});
for (const kernels of ["simd.wasm", "relaxed.wasm"]) {
  copyFileSync(join(root, "build", kernels), join(root, "dist", kernels));
}
await markStart(entry, join(root, "models/sentiment"));
chmodSync(join(root, "dist/cli/main.js"), 0o755);
