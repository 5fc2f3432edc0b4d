export { draft, input, type LayerDraft, type LayerOptions, type SymbolicTensor } from "./draft.ts";
export { giveFirstWeights } from "./first-weights.ts";
export { type DraftedGraph, declaredInput, functionalGraph, sequentialGraph } from "./graph.ts";
export * from "./layers.ts";
