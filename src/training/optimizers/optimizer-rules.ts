import { OptionError } from "../../errors.ts";
import { KERAS3, type Profile } from "../../layers/profile.ts";

/**
 * Which releases' update rules hold: those of Keras 3 and tf.keras from 2.11; "legacy", those of tf.keras until 2.10 and of
 * `optimizers.legacy` after it; "keras1", those of Keras 1 and 2.
 */
export type OptimizerEra = "keras3" | "legacy" | "keras1";

type Config = Readonly<Record<string, unknown>>;

/** The release in a version such as "2.2.4-tf", as one number that grows: 2.002004. */
export function release(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  return major + minor / 1e3 + patch / 1e6;
}

/**
 * The rules of an optimizer: what it says itself, or `given`, or those of the Keras that made the model.
 *
 * @param module - The optimizer's module, as Keras 3 and tf.keras from 2.12 serialise it.
 * @param config - Its config, keys in camelCase.
 */
export function optimizerEra(
  profile: Profile,
  module: string | undefined,
  config: Config,
  given?: OptimizerEra,
): OptimizerEra {
  if (module?.includes("legacy")) return "legacy";
  if (typeof config["isLegacyOptimizer"] === "boolean") return config["isLegacyOptimizer"] ? "legacy" : "keras3";
  if (given) return given;
  if (profile.era === "keras1" || profile.era === "keras2") return "keras1";
  const isOld = profile.era === "tf-keras" && profile.version !== "" && release(profile.version) < 2.011;
  return isOld ? "legacy" : "keras3";
}

const ERAS = {
  keras1: "1.2.2",
  keras2: "2.3.1",
  "tf-keras": "2.10.0",
  keras3: KERAS3.version,
} as const;

/**
 * The profile whose rules of training hold: the model's, or those of another era.
 *
 * @param era - "keras1" (1.2.2), "keras2" (2.3.1), "tf-keras" (2.10) or "keras3", as `compile` takes it.
 * @throws {OptionError} If there is no such era.
 */
export function trainingProfile(profile: Profile, era: unknown): Profile {
  if (era === undefined || era === null) return profile;
  if (typeof era !== "string" || !Object.hasOwn(ERAS, era)) {
    throw new OptionError(
      `compile: \`era\` must be one of ${Object.keys(ERAS).join(", ")}; got ${JSON.stringify(era) ?? String(era)}.`,
    );
  }
  return { ...profile, era: era as keyof typeof ERAS, version: ERAS[era as keyof typeof ERAS] };
}

/** ε where the config names none: 1e-8 until Keras 2.1.2, then 1e-7. */
export function defaultEpsilon({ era, version }: Profile): number {
  return era === "keras1" || (era === "keras2" && release(version) < 2.001003) ? 1e-8 : 1e-7;
}

/** The optimizer in a compile config of any era, as the file has it; undefined if there is none. */
export function savedOptimizer(trainingConfig: unknown): unknown {
  const config = trainingConfig as Config | null | undefined;
  return config?.["optimizer"] ?? config?.["optimizer_config"] ?? config?.["optimizerConfig"] ?? undefined;
}

/** Its class. */
function savedClass(trainingConfig: unknown): string | undefined {
  const optimizer = savedOptimizer(trainingConfig);
  if (typeof optimizer === "string") return optimizer;
  const { class_name: name, className = name } = (optimizer ?? {}) as Config;
  return typeof className === "string" ? className : undefined;
}

/**
 * The rules that the training config of an `.h5` file asks for: tf.keras from 2.11 calls its new optimizers `Custom>Adam`
 * there, and those of `optimizers.legacy` by their plain names. Undefined if the file does not say it.
 */
export function rulesOf(trainingConfig: unknown, profile: Profile): OptimizerEra | undefined {
  const name = savedClass(trainingConfig);
  if (name?.startsWith("Custom>")) return "keras3";
  const config = trainingConfig as Config | null | undefined;
  const isOfH5 = config != null && ("optimizer_config" in config || "optimizerConfig" in config);
  return name !== undefined && isOfH5 && profile.era === "tf-keras" ? "legacy" : undefined;
}
