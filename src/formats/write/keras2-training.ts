import type { Hdf5WriteAttribute, Hdf5WriteGroup } from "../hdf5/write/tree.ts";
import { nameLists } from "./name-lists.ts";
import type { WrittenTraining } from "./write-model.ts";

/** Short names that Keras 3 cannot look up in an `.h5` file. */
const LONG: Readonly<Record<string, string>> = {
  mse: "mean_squared_error",
  mae: "mean_absolute_error",
  mape: "mean_absolute_percentage_error",
  msle: "mean_squared_logarithmic_error",
  kld: "kullback_leibler_divergence",
  kl_divergence: "kullback_leibler_divergence",
};

function long(value: unknown): unknown {
  if (typeof value === "string") return LONG[value] ?? value;
  if (Array.isArray(value)) return value.map(long);
  if (typeof value !== "object" || value === null) return value;
  // A module would be one of Keras 3.
  if ("class_name" in value) return { ...value, module: undefined, registered_name: undefined };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, long(item)]));
}

/**
 * How a model was trained, as tf.keras from 2.11 and tf-keras keep it in an `.h5` file: `training_config`, and the
 * optimizer's variables without the learning rate, which is in the config.
 */
export function keras2Training({ compileConfig, optimizer }: WrittenTraining): {
  readonly attributes: Readonly<Record<string, Hdf5WriteAttribute>>;
  readonly weights: Hdf5WriteGroup;
} {
  const { class_name, config } = compileConfig["optimizer"] as { class_name: string; config: object };
  const trainingConfig = {
    // By the plain name tf-keras makes its old optimizers, whose rules and order of variables are others.
    optimizer_config: { class_name: `Custom>${class_name}`, config: { name: class_name, ...config } },
    loss: long(compileConfig["loss"]),
    metrics: long(compileConfig["metrics"]),
    weighted_metrics: long(compileConfig["weighted_metrics"]),
    loss_weights: compileConfig["loss_weights"],
    sample_weight_mode: null,
  };
  const kept = optimizer.filter(({ name }) => name !== "learning_rate" && name !== "product");
  // Keras makes its names different by counting, too.
  const seen = new Map<string, number>();
  const names = kept.map(({ name }, i) => {
    if (i === 0) return "iteration:0";
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return `${class_name}/${name.replaceAll("/", "_")}${count > 0 ? `_${count}` : ""}:0`;
  });
  const group: Hdf5WriteGroup = { attributes: nameLists("weight_names", names), children: new Map() };
  kept.forEach(({ shape, data }, i) => {
    const path = names[i]!.split("/");
    let parent = group;
    for (const part of path.slice(0, -1)) {
      const next = (parent.children.get(part) as Hdf5WriteGroup | undefined) ?? { children: new Map() };
      parent.children.set(part, next);
      parent = next;
    }
    const values = i === 0 ? BigInt64Array.of(BigInt(Math.round(data[0]!))) : data;
    parent.children.set(path.at(-1)!, { shape, data: values });
  });
  return { attributes: { training_config: JSON.stringify(trainingConfig) }, weights: group };
}
