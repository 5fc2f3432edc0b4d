import { readFileSync } from "node:fs";
import { loadModelSync } from "../src/api/load-model.ts";
import type { Model } from "../src/api/model.ts";
import type { Build } from "../src/engine/load-module.ts";
import { padSequences } from "../src/text/pad-sequences.ts";
import { writeWorkload } from "./models/native.ts";
import { createNaive } from "./peers/naive.mjs";
import { TOLERANCE } from "./support/compare.ts";
import { mulberry32 } from "./support/random.ts";
import { packageRoot } from "./support/root.ts";
import { characterModel, sentimentModel, type Workload, type WorkloadLayer } from "./workloads.ts";

/** The same work with a saving or without; the first of a group has none. */
export interface SavingsCase {
  readonly id: string;
  readonly title: string;
  /** What one `run` holds of the calls or steps whose time is told. */
  readonly calls: number;
  /** Returns the outputs. */
  readonly run: () => readonly ArrayLike<number>[];
  /** First and last row of the first output, by plain loops over the ids that count. */
  readonly wanted: () => readonly [row: number, output: Float32Array][];
}

export type Ids = readonly (readonly number[])[];

/** Batches of one visit as many reviews: how long they are and how often words repeat differs. */
export const SINGLE = 8;
const VOCABULARY = 20000;
/** What reviews are padded to where padding is looked at; longer ones lose their beginning. */
const PADDED = 400;
/** What they are cut to where it is not: nearly all are longer. */
const CUT = 100;
const CHARACTERS = 65;

/** @throws {Error} If a case gives other numbers than plain loops do. */
export function checkCase({ id, run, wanted }: SavingsCase): void {
  const output = run()[0]!;
  for (const [row, want] of wanted()) {
    want.forEach((value, i) => {
      const error = Math.abs(output[row * want.length + i]! - value);
      if (!(error <= TOLERANCE)) throw new Error(`${id}: row ${row} is wrong by ${error}, and nothing is timed.`);
    });
  }
}

function load(workload: Workload, build: Build, maskZero = false): Model {
  const files = writeWorkload(workload);
  const json = JSON.parse(new TextDecoder().decode(files["model.json"]));
  for (const { className, config } of json.graph.layers) if (className === "Embedding") config.maskZero = maskZero;
  return loadModelSync({ json, weights: files["weights.safetensors"]! }, { build });
}

function outputOf(workload: Workload, ids: ArrayLike<number>): Float32Array {
  return createNaive({ ...workload, batch: 1, timesteps: ids.length }).run(Int32Array.from(ids));
}

type Labels = Pick<SavingsCase, "id" | "title">;
/** Rows in place of their numbers. */
type Embed = (ids: ArrayLike<number>) => Float32Array | Int32Array;

interface InputOptions {
  readonly maxlen?: number;
  readonly padding?: "pre" | "post";
  readonly masks?: boolean;
  readonly embed?: Embed | undefined;
}

/** Whole batches through `predict`, the next ones in each run. */
function predicting(
  labels: Labels,
  [workload, model]: readonly [Workload, Model],
  batches: readonly Ids[],
  calls: number,
  { maxlen = CUT, padding = "pre", masks = false, embed }: InputOptions = {},
): SavingsCase {
  const numbers = batches.map((ids) => padSequences(ids, { maxlen, padding }));
  const inputs = numbers.map(({ data, shape }) => {
    const rows = embed?.(data as Int32Array);
    return rows ? { data: rows, shape: [...shape, rows.length / data.length] } : { data, shape };
  });
  let turn = 0;
  const next = () => inputs[turn++ % inputs.length]!;
  const first = numbers[0]!.data as Int32Array;
  const counting = (row: number) =>
    masks ? batches[0]![row]!.slice(-maxlen) : first.subarray(row * maxlen, (row + 1) * maxlen);
  return {
    ...labels,
    calls,
    run: () => Array.from({ length: calls }, () => model.predict(next()).data as Float32Array),
    wanted: () => [...new Set([0, batches[0]!.length - 1])].map((row) => [row, outputOf(workload, counting(row))]),
  };
}

/** Workload A's model on reviews: what a mask saves, and what words that come again do. */
export function reviewCases(build: Build, reviews: Ids): SavingsCase[][] {
  const workload = sentimentModel("savings", "", [], 1);
  const [plain, masking] = [load(workload, build), load(workload, build, true)];
  const random = mulberry32(3);
  const distinct = Array.from({ length: VOCABULARY - 1 }, (_, i) => [random(), i + 1] as const)
    .sort(([a], [b]) => a - b)
    .map(([, id]) => id);
  return [1, 32].flatMap((batch) => {
    const calls = batch === 1 ? SINGLE : 1;
    const cut = (rows: Ids) =>
      Array.from({ length: rows.length / batch }, (_, call) => rows.slice(call * batch, (call + 1) * batch));
    const batches = cut(reviews);
    const different = cut(
      reviews.map((_, row) =>
        distinct.slice((row * CUT) % (VOCABULARY - CUT), ((row * CUT) % (VOCABULARY - CUT)) + CUT),
      ),
    );
    const labels = (id: string, title: string) => ({ id: `${id}_b${batch}`, title: `${title}, batch ${batch}` });
    const masked = { maxlen: PADDED, masks: true };
    return [
      [
        predicting(labels("padding_none", `reviews padded to ${PADDED}, no mask`), [workload, plain], batches, calls, {
          maxlen: PADDED,
        }),
        predicting(labels("padding_pre", "masked, padding before"), [workload, masking], batches, calls, masked),
        predicting(labels("padding_post", "masked, padding behind"), [workload, masking], batches, calls, {
          ...masked,
          padding: "post",
        }),
      ],
      [
        predicting(labels("tokens_different", `${CUT} words, all different`), [workload, plain], different, calls),
        predicting(labels("tokens_reviews", `the last ${CUT} words of reviews`), [workload, plain], batches, calls),
      ],
    ];
  });
}

/** Numbers of characters, the frequent ones first: the reviews of models/sentiment as a character model reads them. */
function characters(): number[] {
  const file = new URL("models/sentiment/reviews.json", packageRoot);
  const text = (JSON.parse(readFileSync(file, "utf8")) as { text: string }[]).map((review) => review.text).join("\n");
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const order = [...counts].sort(([, a], [, b]) => b - a).map(([letter]) => letter);
  const numbers = new Map(order.slice(0, CHARACTERS).map((letter, i) => [letter, i]));
  return [...text].map((letter) => numbers.get(letter) ?? CHARACTERS - 1);
}

/** Models of characters, whose layer never multiplies a character twice, and the layer by itself on the same rows. */
export function characterCases(build: Build): SavingsCase[][] {
  const text = characters();
  return (["LSTM", "GRU"] as const).flatMap((type) =>
    [64, 128].flatMap((units) => {
      const whole = characterModel(type, CHARACTERS, units);
      const [table, layer] = whole.layers as [WorkloadLayer, WorkloadLayer];
      const [model, bare] = [load(whole, build), load({ ...whole, features: table.units, layers: [layer] }, build)];
      const rows = table.weights[0]!.data;
      const embed = (ids: ArrayLike<number>) =>
        Float32Array.from({ length: ids.length * table.units }, (_, i) => {
          return rows[ids[Math.floor(i / table.units)]! * table.units + (i % table.units)]!;
        });
      const pair = (kind: string, make: (labels: Labels, model: Model, embed?: Embed) => SavingsCase) => {
        const id = `characters_${type.toLowerCase()}_u${units}_${kind.replaceAll(/\W+/g, "_")}`;
        const title = `${type}(${units}) in ${table.units}, ${kind}`;
        return [
          make({ id: `${id}_rows`, title: `${title}: rows` }, bare, embed),
          make({ id: `${id}_numbers`, title: `${title}: numbers of ${CHARACTERS} rows` }, model),
        ];
      };
      return [
        pair("single steps", (labels, one, how) => stepping(labels, whole, one, text.slice(0, CUT), how)),
        ...[1, 32].map((batch) => {
          const calls = batch === 1 ? SINGLE : 1;
          const row = (i: number) => text.slice(i * CUT, (i + 1) * CUT);
          const batches = Array.from({ length: SINGLE }, (_, i) =>
            Array.from({ length: batch }, (_, b) => row(i * batch + b)),
          );
          return pair(`T=${CUT}, batch ${batch}`, (labels, one, embed) =>
            predicting(labels, [whole, one], batches, calls, { embed }),
          );
        }),
      ];
    }),
  );
}

/** A session, a character a step. */
function stepping(
  labels: Labels,
  workload: Workload,
  model: Model,
  ids: readonly number[],
  embed: Embed = (own) => Int32Array.from(own),
): SavingsCase {
  const session = model.createSession();
  const frames = ids.map((id) => embed([id]));
  return {
    ...labels,
    calls: ids.length,
    run: () => {
      session.reset();
      let output: Float32Array | undefined;
      for (const frame of frames) output = session.step(frame);
      return [output!];
    },
    wanted: () => [[0, outputOf(workload, ids)]],
  };
}
