// The program in Cloudflare's workerd, which has no workers and compiles WebAssembly before it starts: no training, whose
// kernels the package compiles itself.
import module from "rnn-wasm/simd.wasm";
import * as library from "../../dist/platform/browser.js";
import * as training from "../../dist/platform/training-browser.js";
import { runProgram } from "./program.mjs";

export default {
  async fetch(request) {
    const settings = { workers: false, trains: false, options: { module } };
    return Response.json(await runProgram(library, training, await request.json(), settings));
  },
};
