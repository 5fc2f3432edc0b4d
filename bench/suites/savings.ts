import { loadModelSync } from "../../src/api/load-model.ts";
import type { Model } from "../../src/api/model.ts";
import type { Build } from "../../src/engine/load-module.ts";
import type { Tensor } from "../../src/tensor.ts";
import { padSequences } from "../../src/text/pad-sequences.ts";
import { type Task, task, timeRounds } from "../measure.ts";
import { writeWorkload } from "../models/native.ts";
import { createNaive } from "../peers/naive.mjs";
import { TOLERANCE } from "../support/compare.ts";
import { testReviews } from "../support/imdb.ts";
import { mulberry32 } from "../support/random.ts";
import { formatMs, formatRatio, type ReportTable, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { median } from "../support/statistics.ts";
import { sentimentModel } from "../workloads.ts";

const BATCHES = [1, 32];
/** Batches of one visit as many reviews: how long they are and how often words repeat differs. */
const SINGLE = 8;
const VOCABULARY = 20000;
/** What reviews are padded to where padding is looked at; longer ones lose their beginning. */
const PADDED = 400;
/** What they are cut to where it is not: nearly all are longer. */
const CUT = 100;

/** The same work with a saving and without. */
interface Case {
  readonly id: string;
  readonly title: string;
  readonly batch: number;
  readonly model: Model;
  readonly inputs: readonly Tensor[];
  /** The ids that count in the rows of the first input: what is computed of them alone must come out. */
  readonly counting: readonly (readonly number[])[];
}

interface SavingsResult {
  readonly id: string;
  readonly title: string;
  readonly batch: number;
  /** Milliseconds of a call. */
  readonly ms: number;
  /** Median over the rounds of its time divided by that of the case without the saving, which has none. */
  readonly share: number | undefined;
}

const workload = sentimentModel("savings", "", [], 1);

/** Workload A's model, which masks id 0 or does not. */
function modelOf(build: Build, maskZero: boolean): Model {
  const files = writeWorkload(workload);
  const json = JSON.parse(new TextDecoder().decode(files["model.json"]));
  for (const { className, config } of json.graph.layers) if (className === "Embedding") config.maskZero = maskZero;
  return loadModelSync({ json, weights: files["weights.safetensors"]! }, { build });
}

/** @throws {Error} If rows differ from the plain loops over what counts in them. */
function check({ id, model, inputs, counting }: Case): void {
  const { data } = model.predict(inputs[0]!);
  for (const row of new Set([0, counting.length - 1])) {
    const ids = counting[row]!;
    const [wanted] = createNaive({ ...workload, timesteps: ids.length }).run(Int32Array.from(ids));
    const error = Math.abs((data[row] as number) - wanted!);
    if (!(error <= TOLERANCE)) throw new Error(`${id}: row ${row} is wrong by ${error}, and nothing is timed.`);
  }
}

function taskOf({ id, model, inputs }: Case): Task {
  return task(id, () => {
    for (const input of inputs) model.predict(input);
  });
}

/** Cases in pairs or more, the one without the saving first. */
function groupsOf(build: Build, reviews: readonly (readonly number[])[]): Case[][] {
  const [plain, masking] = [modelOf(build, false), modelOf(build, true)];
  const random = mulberry32(3);
  const distinct = Array.from({ length: VOCABULARY - 1 }, (_, i) => i + 1)
    .map((id) => [random(), id] as const)
    .sort(([a], [b]) => a - b)
    .map(([, id]) => id);
  return BATCHES.flatMap((batch) => {
    const calls = batch === 1 ? SINGLE : 1;
    const rows = reviews.slice(0, calls * batch);
    const made = (
      id: string,
      title: string,
      model: Model,
      sequences: readonly (readonly number[])[],
      maxlen: number,
      padding: "pre" | "post" = "pre",
    ): Case => {
      const parts = Array.from({ length: calls }, (_, call) => sequences.slice(call * batch, (call + 1) * batch));
      const inputs = parts.map((part) => padSequences(part, { maxlen, padding }));
      const first = inputs[0]!.data as Int32Array;
      const counting = parts[0]!.map((ids, row) =>
        model === masking ? ids.slice(-maxlen) : [...first.subarray(row * maxlen, (row + 1) * maxlen)],
      );
      return { id: `${id}_b${batch}`, title: `${title}, batch ${batch}`, batch, model, inputs, counting };
    };
    const different = rows.map((_, row) => distinct.slice(row * CUT, (row + 1) * CUT));
    return [
      [
        made("padding_unmasked", `reviews padded to ${PADDED}, no mask`, plain, rows, PADDED),
        made("padding_masked_pre", "masked, padding before", masking, rows, PADDED),
        made("padding_masked_post", "masked, padding behind", masking, rows, PADDED, "post"),
      ],
      [
        made("tokens_different", `${CUT} ids, all different`, plain, different, CUT),
        made("tokens_reviews", `the last ${CUT} words of reviews`, plain, rows, CUT),
      ],
    ];
  });
}

/**
 * What padding and words that come again save: the same model on inputs of the same shape with the saving and without, in
 * the same rounds.
 */
export async function savings(options: SuiteOptions): Promise<SuiteReport> {
  const tables: ReportTable[] = [];
  const data: Record<string, SavingsResult[]> = {};
  const reviews = testReviews(Math.max(...BATCHES, SINGLE));
  if (!reviews) options.say("savings is left out: ../shared/data/imdb is not there.");
  for (const build of reviews ? options.builds : []) {
    options.say(`savings ${build}`);
    const groups = groupsOf(build, reviews!).filter((group) => group.some(({ id }) => id.includes(options.filter)));
    const cases = groups.flat();
    cases.forEach(check);
    const times = await timeRounds(cases.map(taskOf), options.rounds, options.ms);
    const results = groups.flatMap((group) =>
      group.map(({ id, title, batch, inputs }): SavingsResult => {
        const { medianMs, rounds } = times.get(id)!;
        const without = times.get(group[0]!.id)!.rounds;
        const share = id === group[0]!.id ? undefined : median(rounds.map((ms, round) => ms / without[round]!));
        return { id, title, batch, ms: medianMs / inputs.length, share };
      }),
    );
    data[build] = results;
    tables.push({
      title: `${build}: Embedding(${VOCABULARY},128)→LSTM(128)→Dense(1) on IMDB reviews`,
      head: ["input", "a call", "of the time without the saving"],
      rows: results.map(({ title, ms, share }) => [title, formatMs(ms), formatRatio(share)]),
      note: `At batch 1 a call is the mean of ${SINGLE} reviews.`,
    });
  }
  return { suite: "savings", title: "Work that need not be done", tables, data };
}
