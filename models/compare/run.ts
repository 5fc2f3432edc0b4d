// SimpleRNN, LSTM and GRU on the same tasks: the table of the classic post, by measurement.
//   npm run compare                      IMDB, written to models/compare/imdb.md with --save
//   npm run compare -- adding            the adding problem, 200 timesteps
//   npm run compare -- copy              copy memory, a delay of 100 timesteps
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { CELLS, type CellName, compareCells } from "./imdb.ts";
import { type MemoryResult, trainMemory } from "./long-memory.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string", default: "../shared/data/imdb" },
    units: { type: "string" },
    epochs: { type: "string", default: "2" },
    samples: { type: "string" },
    length: { type: "string" },
    steps: { type: "string" },
    rate: { type: "string" },
    batch: { type: "string", default: "32" },
    cells: { type: "string", default: Object.keys(CELLS).join(",") },
    seed: { type: "string", default: "1" },
    bias: { type: "string", default: "chrono" },
    save: { type: "boolean", default: false },
  },
});
const task = positionals[0] ?? "imdb";
if (!["imdb", "adding", "copy"].includes(task)) {
  console.error(`The task ${task} is not known: imdb, adding or copy.`);
  process.exit(2);
}
const say = (line: string) => console.error(line);
const foot = `Measured on ${cpus()[0]?.model} (${cpus().length} cores, one used), Node ${process.version}, ${new Date().toISOString().slice(0, 10)}: \`npm run compare -- ${process.argv.slice(2).join(" ")}\`.`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

async function imdb(): Promise<string> {
  const samples = values.samples === undefined ? undefined : Number(values.samples);
  const units = Number(values.units ?? 128);
  const settings = { data: values.data, units, epochs: Number(values.epochs), seed: Number(values.seed), samples };
  const runs = await compareCells(settings, say);
  const rows = runs.map((run) => [
    run.cell,
    String(run.gates),
    run.layerParameters.toLocaleString("en"),
    run.parameters.toLocaleString("en"),
    `${run.secondsPerEpoch.toFixed(1)} s`,
    `${(100 * Math.max(...run.validationAccuracy)).toFixed(2)} %`,
    `${(100 * run.testAccuracy).toFixed(2)} %`,
  ]);
  const head = ["layer", "gates", "its parameters", "all parameters", "time per epoch", "validation", "test"];
  const size = samples === undefined ? "all reviews" : `${samples} reviews to train on and ${samples} to test`;
  const text = `Embedding(20000, 128) → layer(${units}, dropout 0.2, recurrent_dropout 0.2) → Dense(1) on IMDB, ${size}, a tenth of the training reviews held back for validation; batch 32, adam, ${settings.epochs} epochs, the best on the validation reviews kept; seed ${settings.seed}; kernels: ${runs[0]!.build}.`;
  return `# SimpleRNN, LSTM and GRU on IMDB\n\n${text}\n\n${table(head, rows)}\n\n${foot}\n`;
}

async function memory(name: "adding" | "copy"): Promise<string> {
  const results: MemoryResult[] = [];
  for (const cell of values.cells.split(",") as CellName[]) {
    results.push(
      await trainMemory(
        {
          task: name,
          length: Number(values.length ?? (name === "adding" ? 200 : 100)),
          cell,
          units: Number(values.units ?? (name === "adding" ? 64 : 128)),
          steps: Number(values.steps ?? (name === "adding" ? 2500 : 12000)),
          batch: Number(values.batch),
          learningRate: Number(values.rate ?? (name === "adding" ? 0.01 : 0.004)),
          seed: Number(values.seed),
          bias: values.bias === "keras" ? "keras" : "chrono",
        },
        say,
      ),
    );
  }
  const rows = results.map(({ cell, loss, baseline, seconds }) => [
    cell,
    loss.toExponential(2),
    baseline.toExponential(2),
    `${seconds.toFixed(0)} s`,
  ]);
  const { length, units, steps, batch, learningRate, seed, bias } = results[0]!;
  const title = name === "adding" ? `The adding problem, ${length} timesteps` : `Copy memory, a delay of ${length}`;
  const text = `${units} units, ${steps} updates of ${batch} fresh samples, Adam at ${learningRate} on a cosine to a fiftieth, clipNorm 1, gates' biases ${bias === "chrono" ? "started for long memories (chrono, see long-memory.ts)" : "started Keras' way"}, seed ${seed}; the loss on 512 samples that were not trained on.`;
  return `# ${title}\n\n${text}\n\n${table(["layer", "loss", "without memory", "training"], rows)}\n\n${foot}\n`;
}

const page = task === "imdb" ? await imdb() : await memory(task as "adding" | "copy");
console.log(page);
if (values.save) writeFileSync(`models/compare/${task}.md`, page);
