export * from "../training/backup.ts";
export { draft, input, type LayerDraft, type LayerOptions, type SymbolicTensor } from "../training/builder/draft.ts";
export * from "../training/builder/image-layers.ts";
export * from "../training/builder/layers.ts";
export * from "../training/callback-classes.ts";
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
} from "../training/callbacks.ts";
export type { CompileOptions } from "../training/compile-options.ts";
export * from "../training/data-helpers.ts";
export type { EvaluateOptions } from "../training/evaluate.ts";
export type { History } from "../training/fit.ts";
export type { FitOptions } from "../training/fit-options.ts";
export type { BatchOptions, Logs } from "../training/gathering.ts";
export * from "../training/keras-objects.ts";
export * from "../training/log-files.ts";
export { type ModelCheckpointOptions, modelCheckpoint } from "../training/model-checkpoint.ts";
export type { StepMemory } from "../training/parts.ts";
export * from "../training/progress.ts";
export type { BuildOptions, CallableModel, NamedEnds } from "./build.ts";
export type { Model } from "./model.ts";
