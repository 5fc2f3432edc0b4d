export {
  type Callback,
  callbackOf,
  csvLogger,
  earlyStopping,
  type FitRun,
  learningRateScheduler,
  type MonitorOptions,
  modelCheckpoint,
  reduceLROnPlateau,
} from "./callbacks.ts";
export type { CompileOptions } from "./compile-options.ts";
export { type FitOptions, fit, type History } from "./fit.ts";
export { type OptimizerVariable, resumeFrom } from "./optimizer-state.ts";
export { type BatchOptions, type Logs, Trainer } from "./trainer.ts";
