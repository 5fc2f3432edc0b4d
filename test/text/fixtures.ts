import { readFileSync } from "node:fs";

/** What Keras did: test/fixtures/text/generate.py wrote it. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/text/${name}.json`, import.meta.url), "utf8")) as T;
}
