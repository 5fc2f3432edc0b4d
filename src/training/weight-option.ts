import type { Layer } from "../layers/layer.ts";

/**
 * The config's key under which a layer says how one of its weights begins, is regularized or constrained:
 * `kernelRegularizer`, `recurrentInitializer`, `depthwiseConstraint` … MultiHeadAttention has one for all its kernels.
 */
export function weightOption(
  layer: Pick<Layer, "className">,
  weight: string,
  kind: "Initializer" | "Regularizer" | "Constraint",
): string {
  if (weight === "kernel" && layer.className.startsWith("Depthwise")) return `depthwise${kind}`;
  const part = /^(recurrent|depthwise|pointwise)Kernel$/.exec(weight)?.[1];
  if (part) return part + kind;
  const shared = /^(?:query|key|value|output)(Kernel|Bias)$/.exec(weight)?.[1];
  return (shared?.toLowerCase() ?? weight) + kind;
}
