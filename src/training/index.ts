export type { Callback } from "./callbacks.ts";
export { type FitOptions, fit, type History } from "./fit.ts";
export { resumeFrom } from "./resume.ts";
export { type BatchOptions, type Logs, Trainer } from "./trainer.ts";
