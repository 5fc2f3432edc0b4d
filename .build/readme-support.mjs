// Writes README's support table from a run of the goldens: node .build/readme-support.mjs
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const goldens = join(root, "../shared/goldens/index.json");
if (!existsSync(goldens)) {
  console.error("../shared/goldens is not there; the table stays as it is.");
  process.exit(0);
}
const report = join(mkdtempSync(join(tmpdir(), "support-")), "report.json");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const args = [
  "run",
  "--config",
  ".build/vitest.config.ts",
  "--reporter=json",
  `--outputFile=${report}`,
  "test/goldens.test.ts",
];
spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });

const passed = new Map();
for (const file of JSON.parse(readFileSync(report, "utf8")).testResults) {
  for (const test of file.assertionResults) passed.set(test.title, test.status === "passed");
}
const cases = JSON.parse(readFileSync(goldens, "utf8")).filter((entry) => entry.kind === "predict");

/** Constructs of the table and the tags that count for them. */
const CONSTRUCTS = {
  LSTM: /^(lstm|cudnn-lstm)$/,
  GRU: /^(gru|cudnn-gru)$/,
  SimpleRNN: /^simple-rnn$/,
  Bidirectional: /^bidirectional$/,
  masks: /^mask/,
  states: /^(stateful|return-state|initial-state)$/,
  "RNN(cell), stacks": /^(rnn-cell|stacked-rnn-cells|stacked-cells)$/,
  ConvLSTM: /^conv-lstm/,
  graphs: /^(functional|nested|shared|several-inputs|several-outputs)$/,
  operations: /^(ops|op-lambda|op-layer)$/,
  "convolution, pooling": /^(conv1d|conv-|max-pooling|average-pooling|separable|depthwise)/,
  attention: /attention$/,
  all: /./,
};
const sets = [...new Set(cases.map(({ id }) => id.split("/")[0]))];
const cell = (set, tags) => {
  const own = cases.filter(
    (entry) => entry.id.startsWith(`${set}/`) && [...entry.tags, "any"].some((tag) => tags.test(tag)),
  );
  if (own.length === 0) return "–";
  const good = own.filter(({ id }) => passed.get(id)).length;
  return good === own.length ? String(good) : `${good} of ${own.length}`;
};
const layers = ["registry", "companions"].flatMap((file) => {
  const text = readFileSync(join(root, `src/layers/${file}.ts`), "utf8");
  const table = /(?:LAYERS|COMPANIONS): Readonly<Record<string, LayerClass>> = \{([^}]*)\}/.exec(text)[1];
  return [...table.matchAll(/^ {2}(\w+)[,:]/gm)].map((match) => match[1]);
});
const names = layers.sort((a, b) => a.localeCompare(b, "en"));
const text = `<!-- support-table -->
Cases that real Keras computed and that come out equal here (1e-5 absolute and relative, 3e-5 for long sequences), in every
file form of each; a number alone means all of them. \`node .build/readme-support.mjs\` makes the table from a run of the
goldens.

| written by | ${Object.keys(CONSTRUCTS).join(" | ")} |
|---|${Object.keys(CONSTRUCTS)
  .map(() => "---:|")
  .join("")}
${sets
  .map(
    (set) =>
      `| ${set} | ${Object.values(CONSTRUCTS)
        .map((tags) => cell(set, tags))
        .join(" | ")} |`,
  )
  .join("\n")}

${names.length} layer classes: ${names.join(", ")}; and the operation nodes of Keras 3 and tf.keras.
<!-- /support-table -->`;
const readme = join(root, "README.md");
const old = readFileSync(readme, "utf8");
const marked = /<!-- support-table -->(?:[\s\S]*<!-- \/support-table -->)?/;
writeFileSync(
  readme,
  old.replace(marked, () => text),
);
console.log(`${[...passed.values()].filter(Boolean).length} of ${passed.size} passed; ${names.length} layer classes`);
