// Scores film reviews: `npm run demo` the 50 of reviews.json, `npm run demo -- "any text"` that text.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ImdbEncoder, loadModel, padSequences, runtimeInfo } from "rnn-wasm";

const folder = fileURLToPath(new URL(".", import.meta.url));
const readJson = async (name) => JSON.parse(await readFile(folder + name, "utf8"));

const card = await readJson("card.json");
const encoder = new ImdbEncoder(await readJson("vocabulary.json"), card.encoding);
const model = await loadModel(folder);

/** The score of one review, 0 (negative) to 1 (positive), and the milliseconds that it took from text to score. */
function score(text) {
  const start = performance.now();
  const x = padSequences([encoder.encode(text)], { maxlen: card.encoding.maxlen });
  const y = model.predict(x);
  return { score: y.data[0], ms: performance.now() - start };
}

const verdict = (score) => (score > 0.5 ? "positive" : "negative");
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const firstWords = (text) => text.replaceAll(/\s*<br \/>\s*/g, " ").slice(0, 60);

const text = process.argv.slice(2).join(" ");
if (text) {
  score(text); // the first run warms up
  const result = score(text);
  console.log(`${result.score.toFixed(4)} ${verdict(result.score)}, in ${result.ms.toFixed(2)} ms`);
} else {
  const reviews = await readJson("reviews.json");
  const results = reviews.map((review) => ({ ...review, keras: review.score, ...score(review.text) }));

  console.log("score   verdict   label       ms  review");
  for (const { text, label, score, ms } of results) {
    const truth = label === 1 ? "positive" : "negative";
    const cells = [score.toFixed(4), verdict(score), truth, ms.toFixed(2).padStart(6)];
    console.log(`${cells.join("  ")}  ${firstWords(text)}…`);
  }
  const right = results.filter(({ label, score }) => score > 0.5 === (label === 1)).length;
  const furthest = Math.max(...results.map(({ keras, score }) => Math.abs(score - keras)));
  console.log(`\n${right} of ${results.length} right; furthest from Keras' own score: ${furthest.toExponential(1)}`);
  console.log(`median ${median(results.map(({ ms }) => ms)).toFixed(2)} ms a review, from text to score`);
}

const { build, why } = runtimeInfo();
console.log(`\nwasm build: ${build} (${why})`);

const { test, data, versions, training } = card;
console.log(`model: ${card.architecture}; ${card.parameters.toLocaleString("en")} parameters`);
console.log(
  `trained by Keras ${versions.keras} (${versions.backend}) on ${data.training} reviews of the ${data.name}, ` +
    `epoch ${training.keptEpoch} of ${training.epochs}`,
);
console.log(
  `test accuracy by Keras: ${(100 * test.accuracy).toFixed(2)} % (${test.correct} of ${test.reviews} reviews)`,
);
for (const limit of card.limits) console.log(`limit: ${limit}`);

model.dispose();
