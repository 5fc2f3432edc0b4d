import { backupAndRestore } from "./backup.ts";
import {
  type Callback,
  earlyStopping,
  lambdaCallback,
  learningRateScheduler,
  reduceLROnPlateau,
  terminateOnNaN,
} from "./callbacks.ts";
import { csvLogger, tensorBoard } from "./log-files.ts";
import { modelCheckpoint } from "./model-checkpoint.ts";

/** A function that makes a callback, as a class. */
type ClassOf<Make extends (...given: never[]) => Callback> = Make & (new (...given: Parameters<Make>) => Callback);

function classOf<Make extends (...given: never[]) => Callback>(make: Make): ClassOf<Make> {
  return make as ClassOf<Make>;
}

/** {@link earlyStopping} as Keras spells it: `new EarlyStopping({ patience: 3 })`. */
export const EarlyStopping = /* @__PURE__ */ classOf(earlyStopping);
export const ModelCheckpoint = /* @__PURE__ */ classOf(modelCheckpoint);
export const ReduceLROnPlateau = /* @__PURE__ */ classOf(reduceLROnPlateau);
export const LearningRateScheduler = /* @__PURE__ */ classOf(learningRateScheduler);
export const CSVLogger = /* @__PURE__ */ classOf(csvLogger);
export const TensorBoard = /* @__PURE__ */ classOf(tensorBoard);
export const TerminateOnNaN = /* @__PURE__ */ classOf(terminateOnNaN);
export const LambdaCallback = /* @__PURE__ */ classOf(lambdaCallback);
export const BackupAndRestore = /* @__PURE__ */ classOf(backupAndRestore);
