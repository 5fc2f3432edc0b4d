export type { EngineOptions } from "../engine/engine.ts";
export * from "../errors.ts";
export type { VerifyPair } from "../formats/native/format.ts";
export { Cell } from "../layers/cell.ts";
export { type BuildContext, Layer, type LayerCall, type LayerConfig, type LayerSpec } from "../layers/layer.ts";
export type { Profile } from "../layers/profile.ts";
export type { CustomObjects } from "../layers/registry.ts";
export type { CellShapes } from "../layers/sequence-run.ts";
export type { InputSpec } from "../model/graph-spec.ts";
export type { ModelInput } from "../model/inputs.ts";
export type { PredictOptions } from "../model/model.ts";
export type { OutputSpec } from "../model/open-shapes.ts";
export { Session, type SessionOptions } from "../model/session.ts";
export type { Value } from "../plan/buffer.ts";
export type { HostMemory, Planner } from "../plan/planner.ts";
export type { DType, NestedArray, OpenShape, Shape, Tensor, TensorLike } from "../tensor.ts";
export * from "../text/index.ts";
export * from "../training/compose/index.ts";
export { setRandomSeed } from "../training/random.ts";
export {
  asLayer,
  type BuildOptions,
  type SequentialItem,
  SequentialModel,
  type SequentialOptions,
} from "./build-model.ts";
export { type LoadOptions, loadModelSync } from "./load-model.ts";
export { Model, type OutputTarget, type Prediction } from "./model.ts";
export type { ModelOrigin } from "./origin.ts";
export { ParallelModel, type ParallelOptions } from "./parallel.ts";
export { type RuntimeInfo, runtimeInfo } from "./runtime-info.ts";
export type { ModelParts, ModelSource } from "./source.ts";
export type { VerifyResult } from "./verify.ts";
