export { draft, input, type LayerDraft, type LayerOptions, type SymbolicTensor } from "../training/builder/draft.ts";
export * from "../training/builder/image-layers.ts";
export * from "../training/builder/layers.ts";
export * from "../training/callbacks/backup.ts";
export * from "../training/callbacks/callback-classes.ts";
export {
  Callback,
  type CallbackState,
  earlyStopping,
  type FitRun,
  type FittedModel,
  lambdaCallback,
  learningRateScheduler,
  type MonitorOptions,
  type RunningLogs,
  reduceLROnPlateau,
  type TrainingFiles,
  terminateOnNaN,
} from "../training/callbacks/callbacks.ts";
export * from "../training/callbacks/log-files.ts";
export { type ModelCheckpointOptions, modelCheckpoint } from "../training/callbacks/model-checkpoint.ts";
export * from "../training/callbacks/progress.ts";
export * from "../training/data/data-helpers.ts";
export * from "../training/data/timeseries.ts";
export type { EvaluateOptions } from "../training/evaluate.ts";
export type { History } from "../training/fit-run.ts";
export type { BatchOptions, Logs } from "../training/gathering.ts";
export type { CompileOptions } from "../training/options/compile-options.ts";
export type { FitOptions } from "../training/options/fit-options.ts";
export * from "../training/options/keras-objects.ts";
export type { MemoryOptions, TrainingMemory } from "../training/threads/step-memory.ts";
export type { BuildOptions, CallableModel, NamedEnds } from "./build.ts";
export type { Model } from "./model.ts";
