// The floor plan as rules: which folder of src/ may import which. README, "Where things live", draws it.

/** Folder → what it may import. errors.ts, tensor.ts and natural-log.ts are open to all; text stands alone on these. */
const floors = {
  engine: [],
  plan: ["engine"],
  layers: ["plan", "engine"],
  model: ["layers", "plan", "engine"],
  formats: ["model", "layers", "plan"],
  training: ["model", "layers", "plan", "engine", "formats"],
  text: [],
  api: ["formats", "training", "model", "layers", "plan", "engine", "text"],
  platform: ["api", "text", "training", "formats"],
  cli: ["platform", "api", "training", "formats", "text"],
};
const shared = "^src/(errors|tensor|natural-log)\\.ts$";
/** Pure types that describe a model to every floor. */
const graphSpec = "^src/model/graph-spec\\.ts$";

const direction = Object.entries(floors).map(([folder, below]) => ({
  name: `${folder}-imports-only-what-is-below`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: {
    path: "^src/",
    pathNot: [shared, graphSpec, ...[folder, ...below].map((name) => `^src/${name}/`)],
  },
}));

module.exports = {
  forbidden: [
    ...direction,
    {
      name: "shared-files-import-nothing-but-errors",
      severity: "error",
      from: { path: shared },
      to: { pathNot: "^src/errors\\.ts$" },
    },
    { name: "source-never-imports-kernels", severity: "error", from: { path: "^src/" }, to: { path: "^assembly/" } },
    {
      name: "kernels-never-import-source",
      severity: "error",
      from: { path: "^assembly/" },
      to: { pathNot: "^assembly/" },
    },
    {
      name: "source-never-imports-tests",
      severity: "error",
      from: { path: "^(src|models)/" },
      to: { path: "^(test|bench|\\.build)/" },
    },
    {
      name: "node-only-at-the-rim",
      comment: "node: modules are for Node's entries and the command line",
      severity: "error",
      from: {
        path: "^src/",
        pathNot:
          "^src/(platform/(node|node-builtin|node-files|node-kernels|node-late-file|node-platform|worker-node)\\.ts$|cli/)",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "command-line-packages-stay-in-the-command-line",
      comment: "and the progress bar in Node's screen, which is loaded on demand",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli/|platform/node-screen\\.ts$)" },
      to: { path: "^node_modules/(commander|cli-progress)" },
    },
    {
      name: "loader-only-in-the-engine",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/load-module\\.ts$" },
      to: { path: "assemblyscript" },
    },
    {
      name: "no-circles",
      severity: "error",
      // A model is a layer of a model: the readers of their configs call each other.
      from: { path: "^(src|assembly)/", pathNot: "^src/formats/keras/config/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "resolvable", severity: "error", from: { path: "^src/" }, to: { couldNotResolve: true } },
    {
      name: "no-development-packages-in-the-product",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
