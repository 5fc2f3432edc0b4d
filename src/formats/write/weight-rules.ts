import type { Json } from "../../layers/layer.ts";

type Config = Readonly<Record<string, Json | undefined>>;

/** Keys of a config that say how training holds a weight, or what a layer gives, within bounds. */
export const WEIGHT_RULE = /(Regularizer|Constraint)$/;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/**
 * A regularizer or constraint as every Keras from 2.0 reads it; undefined if there is none, or it is the author's own:
 * that has no say in what a trained model computes.
 */
export function weightRule(key: string, value: Json): Json | undefined {
  const given = parsed(value);
  if (!given) return undefined;
  const { name, config } = given;
  const found = key.endsWith("Constraint") ? constraint(name, config) : regularizer(name, config, typeof value);
  if (!found) return undefined;
  const module = key.endsWith("Constraint") ? "keras.constraints" : "keras.regularizers";
  return { module, class_name: found[0], config: found[1], registered_name: null };
}

function parsed(value: Json): { readonly name: string; readonly config: Config } | undefined {
  if (typeof value === "string") return { name: plain(value), config: {} };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const record = value as Config;
  const name = record["class_name"] ?? record["className"];
  if (typeof name !== "string") return undefined;
  const config = record["config"];
  if (typeof config === "string") return { name: plain(config), config: {} };
  const isConfig = typeof config === "object" && config !== null && !Array.isArray(config);
  const entries = isConfig ? Object.entries(config as Config) : [];
  return { name: plain(name), config: Object.fromEntries(entries.map(([k, v]) => [plain(k), v])) };
}

type Rule = readonly [string, Record<string, Json>];

const number = (value: Json | undefined, otherwise: number): number => (typeof value === "number" ? value : otherwise);

/** L1, L2 and both under the one name that every Keras has. */
function regularizer(name: string, config: Config, kind: string): Rule | undefined {
  const l1l2 = (l1: number, l2: number): Rule => ["L1L2", { l1, l2 }];
  const byName = kind === "string" ? 0.01 : 0;
  if (name === "l1") return l1l2(number(config["l1"] ?? config["l"], 0.01), 0);
  if (name === "l2") return l1l2(0, number(config["l2"] ?? config["l"], 0.01));
  if (["l1l2", "weightregularizer", "activityregularizer"].includes(name)) {
    return l1l2(number(config["l1"], byName), number(config["l2"], byName));
  }
  if (name !== "orthogonalregularizer") return undefined;
  return ["OrthogonalRegularizer", { factor: number(config["factor"], 0.01), mode: config["mode"] ?? "rows" }];
}

function constraint(name: string, config: Config): Rule | undefined {
  const axis = config["axis"] ?? 0;
  if (name === "maxnorm") return ["MaxNorm", { max_value: number(config["maxvalue"] ?? config["m"], 2), axis }];
  if (name === "nonneg") return ["NonNeg", {}];
  if (name === "unitnorm") return ["UnitNorm", { axis }];
  if (name !== "minmaxnorm") return undefined;
  const low = number(config["minvalue"], 0);
  const high = number(config["maxvalue"] ?? config["m"], 1);
  return ["MinMaxNorm", { min_value: low, max_value: high, rate: number(config["rate"], 1), axis }];
}
