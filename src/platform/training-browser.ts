/**
 * The entry "rnn-wasm/training" for browsers and workers: models built in TypeScript, callbacks, and `fit`'s types.
 *
 * @module
 */
import { buildersFor } from "../api/build.ts";
import { browserPlatform } from "./browser-platform.ts";

export * from "../api/training-index.ts";

export const { sequential, Sequential, functional, modelFromJson } = /* @__PURE__ */ buildersFor(browserPlatform);
