/**
 * The entry "rnn-wasm/training" for browsers and workers: models built in TypeScript, callbacks, and `fit`'s types.
 *
 * @module
 */
import { buildersFor } from "../api/build.ts";
import type { Model as AnyModel } from "../api/model.ts";
import { browserPlatform } from "./browser-platform.ts";

export * from "../api/training-index.ts";

/** The type of all models, and Keras' way to make one of tensors: `new Model({ inputs, outputs })`. */
export type Model = AnyModel;
export const { sequential, Sequential, functional, Model, modelFromJson } =
  /* @__PURE__ */ buildersFor(browserPlatform);
