import { noteOnce } from "./notes.ts";

/** Options as a caller writes them. */
export type Options = Readonly<Record<string, unknown>>;

/** Keras 1's names of layer options, in camelCase, and today's. */
const KERAS1: Readonly<Record<string, string>> = {
  init: "kernelInitializer",
  innerInit: "recurrentInitializer",
  innerActivation: "recurrentActivation",
  WRegularizer: "kernelRegularizer",
  URegularizer: "recurrentRegularizer",
  bRegularizer: "biasRegularizer",
  WConstraint: "kernelConstraint",
  UConstraint: "recurrentConstraint",
  bConstraint: "biasConstraint",
  dropoutW: "dropout",
  dropoutU: "recurrentDropout",
  outputDim: "units",
  bias: "useBias",
  p: "rate",
  nbFilter: "filters",
  filterLength: "kernelSize",
  subsampleLength: "strides",
  borderMode: "padding",
  poolLength: "poolSize",
  stride: "strides",
  batchInputShape: "batchShape",
};

const EMBEDDING: Readonly<Record<string, string>> = {
  outputDim: "outputDim",
  init: "embeddingsInitializer",
  WRegularizer: "embeddingsRegularizer",
  WConstraint: "embeddingsConstraint",
};

/** Options that choose between ways to compute the same numbers. */
const WITHOUT_EFFECT = ["consumeLess", "implementation"];

/** Keras 1's and 2's names of call arguments, in camelCase, and today's. */
const CALLS: Readonly<Record<string, string>> = { nbEpoch: "epochs", lr: "learningRate" };

/** `return_sequences` → `returnSequences`, `W_regularizer` → `WRegularizer`. */
export function camelKey(key: string): string {
  return key.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Options of a layer in today's names; old spellings are told of once. */
export function layerOptions(className: string, options: Options): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const camel = camelKey(key);
    if (WITHOUT_EFFECT.includes(camel)) {
      noteOnce(`${key} has no effect here: there is one implementation.`);
    } else if (camel === "forgetBiasInit") {
      told(key, "unitForgetBias");
      out["unitForgetBias"] = value === "one" || value === "ones";
    } else if (className === "Embedding" && camel === "dropout") {
      noteOnce("Embedding's dropout went with Keras 2 and is left out; put spatialDropout1d after it.");
    } else {
      const table = className === "Embedding" ? { ...KERAS1, ...EMBEDDING } : KERAS1;
      const name = Object.hasOwn(table, camel) ? table[camel]! : camel;
      if (name !== key) told(key, name);
      out[name] = value;
    }
  }
  return out;
}

/**
 * Options of `compile`, `fit` and their like in today's names: `nb_epoch` → `epochs`, `batch_size` → `batchSize`.
 *
 * @example
 * callOptions({ nb_epoch: 15, batch_size: 32 }); // { epochs: 15, batchSize: 32 }
 */
export function callOptions<T extends object>(options: T): T {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const camel = camelKey(key);
    const name = Object.hasOwn(CALLS, camel) ? CALLS[camel]! : camel;
    if (name !== key) told(key, name);
    out[name] = value;
  }
  return out as T;
}

function told(old: string, name: string): void {
  noteOnce(`${old} is called ${name} here; taken as that.`);
}
