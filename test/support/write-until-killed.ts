// Writes a large file again and again, each time with other content. Run by kill.test.ts, which kills it.
//   node .build/run-ts.mjs test/support/write-until-killed.ts FILE BYTES
import { nodePlatform } from "../../src/platform/node-platform.ts";

const [file, bytes] = process.argv.slice(2) as [string, string];
for (let n = 1; ; n = (n % 250) + 1) {
  await nodePlatform.write!(file, { ".checkpoint": new Uint8Array(Number(bytes)).fill(n) });
}
