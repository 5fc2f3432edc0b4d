/**
 * The entry "rnn-wasm/training" for Node, Deno and Bun: models built in TypeScript, callbacks, and `fit`'s types. Loaded
 * models (`loadModel`) train without it.
 *
 * @module
 */
import { buildersFor } from "../api/build.ts";
import { nodePlatform } from "./node-platform.ts";

export * from "../api/training-index.ts";

export const { sequential, Sequential, functional, modelFromJson } = /* @__PURE__ */ buildersFor(nodePlatform);
