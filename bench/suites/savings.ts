import { task, timeRounds } from "../measure.ts";
import { characterCases, checkCase, reviewCases, SINGLE } from "../savings-cases.ts";
import { testReviews } from "../support/imdb.ts";
import { formatMs, formatRatio, type ReportTable, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { median } from "../support/statistics.ts";

/** Words of so many reviews come up in turn: those of a few would all be known after the first calls. */
const REVIEWS = 1024;

interface SavingsResult {
  readonly id: string;
  readonly title: string;
  /** Milliseconds of a call or step. */
  readonly ms: number;
  /** Median over the rounds of its time divided by that of the case without the saving, which has none. */
  readonly share: number | undefined;
}

/**
 * What padding, words that come again and small vocabularies save: our own time with the saving and without, on inputs
 * of the same shape, in the same rounds.
 */
export async function savings(options: SuiteOptions): Promise<SuiteReport> {
  const tables: ReportTable[] = [];
  const data: Record<string, SavingsResult[]> = {};
  const reviews = testReviews(REVIEWS);
  if (!reviews) options.say("IMDB reviews are left out: ../shared/data/imdb is not there.");
  for (const build of options.builds) {
    options.say(`savings ${build}`);
    const all = [...(reviews ? reviewCases(build, reviews) : []), ...characterCases(build)];
    const groups = all.filter((group) => group.some(({ id }) => id.includes(options.filter)));
    const cases = groups.flat();
    cases.forEach(checkCase);
    const times = await timeRounds(
      cases.map(({ id, run }) => task(id, run)),
      options.rounds,
      options.ms,
    );
    const results = groups.flatMap((group) =>
      group.map(({ id, title, calls }): SavingsResult => {
        const { medianMs, rounds } = times.get(id)!;
        const without = times.get(group[0]!.id)!.rounds;
        const share = id === group[0]!.id ? undefined : median(rounds.map((ms, round) => ms / without[round]!));
        return { id, title, ms: medianMs / calls, share };
      }),
    );
    data[build] = results;
    tables.push({
      title: `${build}: Embedding→LSTM(128)→Dense(1) on IMDB reviews, and models of characters`,
      head: ["input", "a call", "of the time without the saving"],
      rows: results.map(({ title, ms, share }) => [title, formatMs(ms), formatRatio(share)]),
      note: `Of single steps a call is one step. At batch 1 it is the mean of ${SINGLE} rows. Calls take ${REVIEWS} reviews in turn.`,
    });
  }
  return { suite: "savings", title: "Work that need not be done", tables, data };
}
