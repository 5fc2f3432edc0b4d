export type { Callback } from "./callbacks.ts";
export { type TrainingState, trainingState } from "./compile-config.ts";
export { evaluate } from "./evaluate.ts";
export { fit, type History } from "./fit.ts";
export type { FitOptions } from "./fit-options.ts";
export type { BatchOptions, Logs } from "./gathering.ts";
export { resumeFrom, rulesOf } from "./resume.ts";
export { Trainer } from "./trainer.ts";
