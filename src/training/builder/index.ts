export {
  asDraft,
  type DraftCallOptions,
  draft,
  input,
  type LayerDraft,
  type LayerOptions,
  type SymbolicTensor,
} from "./draft.ts";
export { giveFirstWeights } from "./first-weights.ts";
export {
  type DraftedGraph,
  declaredInput,
  draftOf,
  functionalGraph,
  type SequentialItem,
  sequentialGraph,
} from "./graph.ts";
export * from "./image-layers.ts";
export * from "./layers.ts";
