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

/** {@link modelCheckpoint} as Keras spells it: `new ModelCheckpoint({ filepath: "best.keras" })`. */
export const ModelCheckpoint = /* @__PURE__ */ classOf(modelCheckpoint);

/** {@link reduceLROnPlateau} as Keras spells it: `new ReduceLROnPlateau({ factor: 0.2 })`. */
export const ReduceLROnPlateau = /* @__PURE__ */ classOf(reduceLROnPlateau);

/** {@link learningRateScheduler} as Keras spells it: `new LearningRateScheduler((epoch, lr) => lr * 0.9)`. */
export const LearningRateScheduler = /* @__PURE__ */ classOf(learningRateScheduler);

/** {@link csvLogger} as Keras spells it: `new CSVLogger("log.csv")`. */
export const CSVLogger = /* @__PURE__ */ classOf(csvLogger);

/** {@link tensorBoard} as Keras spells it: `new TensorBoard({ logDir: "logs" })`. */
export const TensorBoard = /* @__PURE__ */ classOf(tensorBoard);

/** {@link terminateOnNaN} as Keras spells it: `new TerminateOnNaN()`. */
export const TerminateOnNaN = /* @__PURE__ */ classOf(terminateOnNaN);

/** {@link lambdaCallback} as Keras spells it: `new LambdaCallback({ onEpochEnd: … })`. */
export const LambdaCallback = /* @__PURE__ */ classOf(lambdaCallback);

/** {@link backupAndRestore} as Keras spells it: `new BackupAndRestore("backup")`. */
export const BackupAndRestore = /* @__PURE__ */ classOf(backupAndRestore);
