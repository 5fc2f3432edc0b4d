import { FormatError } from "../errors.ts";
import type { GraphSpec } from "../model/graph-spec.ts";
import type { Json, Layer, LayerConfig, LayerSpec } from "./layer.ts";

type Record = { readonly [key: string]: Json | undefined };

function isRecord(value: Json | undefined): value is Record & { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function specOf(owner: Layer, key: string, value: Json | undefined): LayerSpec {
  if (!isRecord(value) || typeof value["className"] !== "string") {
    throw new FormatError(`${owner}: the config's \`${key}\` must hold a layer with className and config.`);
  }
  const config = (isRecord(value["config"]) ? value["config"] : {}) as LayerConfig;
  const named = value["name"] ?? config["name"];
  return {
    className: value["className"],
    name: typeof named === "string" ? named : `${owner.name}/${key}`,
    config,
    trainable: value["trainable"] !== false,
    ...(isRecord(value["graph"]) && { graph: value["graph"] as unknown as GraphSpec }),
  };
}

/**
 * The layer that a wrapper's config holds: a LayerSpec as JSON.
 *
 * @throws {FormatError} If there is none.
 */
export function innerSpec(owner: Layer, key: string): LayerSpec {
  return specOf(owner, key, owner.config[key]);
}

/** The same, for a list of layers. */
export function innerSpecs(owner: Layer, key: string): readonly LayerSpec[] {
  const list = owner.config[key];
  if (!Array.isArray(list)) throw new FormatError(`${owner}: the config's \`${key}\` must be a list of layers.`);
  return list.map((item, i) => specOf(owner, `${key}[${i}]`, item));
}
