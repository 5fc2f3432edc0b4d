import type { OptimizerVariable } from "../optimizers/optimizer-state.ts";
import type { Trainer } from "../trainer.ts";
import { plainName } from "./serialized.ts";

/** Training as Keras 3 keeps it. */
export interface TrainingState {
  /** `compile_config` of `config.json`. */
  readonly compileConfig: Readonly<Record<string, unknown>>;
  /** The optimizer's variables in Keras' order. */
  readonly optimizer: readonly OptimizerVariable[];
}

/** Keras' classes by the plain name. */
const CLASSES: Readonly<Record<string, string>> = {
  sgd: "SGD",
  rmsprop: "RMSprop",
  adagrad: "Adagrad",
  adadelta: "Adadelta",
  adam: "Adam",
  adamw: "AdamW",
  adafactor: "Adafactor",
  lamb: "Lamb",
  nadam: "Nadam",
  adamax: "Adamax",
  lion: "Lion",
  ftrl: "Ftrl",
  muon: "Muon",
  schedulefreeadamw: "ScheduleFreeAdamW",
};

const SPELLED: Readonly<Record<string, string>> = {
  beta1: "beta_1",
  beta2: "beta_2",
  lr: "learning_rate",
  beta2Decay: "beta_2_decay",
  epsilon1: "epsilon_1",
  epsilon2: "epsilon_2",
  adamBeta1: "adam_beta_1",
  adamBeta2: "adam_beta_2",
};

/**
 * `binaryCrossentropy` → `binary_crossentropy`; keys of nested configs as well. Functions are left out: no file holds them.
 *
 * @param module - Where Keras has the classes: it finds none without.
 */
function keras(value: unknown, module?: string): unknown {
  if (typeof value === "string") return /^[a-z]+[A-Z]/.test(value) ? snake(value) : value;
  if (Array.isArray(value)) return value.filter(isKept).map((item) => keras(item, module));
  if (typeof value !== "object" || value === null) return value;
  const record = value as Readonly<Record<string, unknown>>;
  if ("className" in record || "class_name" in record) {
    const { className, class_name: name = className, config = {}, ...rest } = record;
    return { ...(module && { module, registered_name: null }), ...rest, class_name: name, config: keys(config) };
  }
  const entries = Object.entries(record).filter(([, item]) => isKept(item));
  return Object.fromEntries(entries.map(([key, item]) => [key, keras(item, module)]));
}

const isKept = (value: unknown): boolean => typeof value !== "function";

function keys(config: unknown): unknown {
  if (typeof config !== "object" || config === null) return config;
  return Object.fromEntries(Object.entries(config).map(([key, item]) => [SPELLED[key] ?? snake(key), keras(item)]));
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/**
 * What a trained model's file says of its training.
 *
 * @returns undefined if today's Keras has no such optimizer.
 */
export function trainingState(trainer: Trainer): TrainingState | undefined {
  const { optimizer, options } = trainer;
  const className = CLASSES[plainName(optimizer.name)];
  if (!className) return undefined;
  const given = keys(optimizer.config) as Record<string, unknown>;
  const schedule = { module: "keras.optimizers.schedules", registered_name: null };
  const rate = optimizer.schedule ? { ...schedule, ...(given["learning_rate"] as object) } : trainer.learningRate;
  const config = { ...given, learning_rate: rate };
  const compileConfig = {
    optimizer: { module: "keras.optimizers", class_name: className, config, registered_name: null },
    loss: keras(options.loss, "keras.losses"),
    loss_weights: keras(options.lossWeights ?? null),
    metrics: keras(options.metrics ?? null, "keras.metrics"),
    weighted_metrics: keras(options.weightedMetrics ?? null, "keras.metrics"),
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  };
  return { compileConfig, optimizer: trainer.optimizerState() };
}
