import { preferBuild } from "../../src/engine/choose-build.ts";

// The gate runs all tests twice, once on each build; a build that this engine cannot run is a failure, not a skip.
const forced = process.env["RNN_WASM_BUILD"];
if (forced === "simd" || forced === "relaxed") preferBuild(forced, "forced by RNN_WASM_BUILD");
else if (forced) throw new Error(`RNN_WASM_BUILD must be simd or relaxed; got ${forced}`);
