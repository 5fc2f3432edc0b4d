// The program on Node, Bun and Deno: host.mjs <cases.json>; answers one line of JSON.
import { readFileSync } from "node:fs";
import * as library from "../../dist/platform/node.js";
import * as training from "../../dist/platform/training-node.js";
import { runProgram } from "./program.mjs";

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(await runProgram(library, training, cases)));
process.exit(0);
