import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goOn, readContinued } from "../support/continued.ts";

/** Some of the cases that test/keras/continued_training.py writes, each with the file of one format. */
const FOLDER = join(import.meta.dirname, "../fixtures/continued");

/** What of a file's state cannot go on, by the case: everything else is taken up without a word. */
const NOTES: Readonly<Record<string, RegExp>> = {
  "keras-2.1.6.partly-frozen.nadam": /^Keras 2\.1\.6 does not save the product of Nadam's momenta: it begins anew/,
  "keras-2.2.4.text-lstm.rmsprop-decay": /^Keras 2\.2\.4 does not save how many updates RMSprop has made: its decay/,
};

describe("a model that a real Keras trained goes on as in that Keras, from its file alone", () => {
  it.each(readdirSync(FOLDER))("%s", async (name) => {
    const known = readContinued(join(FOLDER, name));
    for (const ending of Object.keys(known.files)) {
      const { fault, notes } = await goOn(join(FOLDER, name), known, ending);
      expect(fault).toBeUndefined();
      expect(notes).toEqual(NOTES[name] ? [expect.stringMatching(NOTES[name])] : []);
    }
  });
});
