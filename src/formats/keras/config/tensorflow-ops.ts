import { UnsupportedLayerError } from "../../../errors.ts";
import type { LayerSpec } from "../../../layers/layer.ts";
import type { CallSpec } from "../../../model/graph-spec.ts";
import type { ConfigContext } from "./context.ts";

/** Layers by which tf.keras records TensorFlow functions. */
export const TENSORFLOW_OPS: ReadonlySet<string> = new Set(["TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"]);

/** The same call under the name that Keras 3 gives the operation. */
export function normaliseTensorFlowOp(
  spec: LayerSpec,
  call: CallSpec,
  context: ConfigContext,
): { spec: LayerSpec; call: CallSpec } {
  throw new UnsupportedLayerError(
    `${context.what}: operation ${JSON.stringify(spec.config["function"])} ${call.layer}`,
  );
}
