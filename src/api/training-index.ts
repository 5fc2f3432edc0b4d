export { draft, input, type LayerDraft, type LayerOptions, type SymbolicTensor } from "../training/builder/draft.ts";
export * from "../training/builder/layers.ts";
export * from "../training/callbacks.ts";
export type { CompileOptions } from "../training/compile-options.ts";
export * from "../training/data-helpers.ts";
export type { FitOptions, History } from "../training/fit.ts";
export type { BatchOptions, Logs } from "../training/gathering.ts";
export type { BuildOptions } from "./build.ts";
export type { Model } from "./model.ts";
