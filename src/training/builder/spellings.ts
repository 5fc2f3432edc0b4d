import { OptionError } from "../../errors.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { optionKeys } from "./option-keys.ts";

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
  sigma: "stddev",
  nbFilter: "filters",
  filterLength: "kernelSize",
  subsampleLength: "strides",
  borderMode: "padding",
  atrousRate: "dilationRate",
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

/** Options that choose between ways to compute the same numbers, or say what is always so here. */
const WITHOUT_EFFECT: readonly string[] = ["consumeLess", "implementation", "useCudnn", "timeMajor", "synchronized"];

/** `return_sequences` → `returnSequences`, `W_regularizer` → `WRegularizer`. */
export function camelKey(key: string): string {
  return key.replace(/(?!^)_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Options of a layer in this package's names, and what was understood otherwise than written. */
export interface SpelledOptions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

/**
 * Reads a layer's options: Keras' own in camelCase, in snake_case, and those of Keras 1.
 *
 * @throws {OptionError} If the class has no such option.
 */
export function layerOptions(className: string, given: Readonly<Record<string, unknown>>): SpelledOptions {
  const options: Record<string, unknown> = {};
  const notes: string[] = [];
  const known = optionKeys(className);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const camel = camelKey(key);
    if (className === "Embedding" && camel === "dropout") {
      notes.push(`Embedding's \`${key}\` went with Keras 2 and is left out: put spatialDropout1D after it.`);
    } else if (camel === "forgetBiasInit") {
      notes.push(`\`${key}\` is called \`unitForgetBias\` here.`);
      options["unitForgetBias"] = value === "one" || value === "ones";
    } else if (WITHOUT_EFFECT.includes(camel) && !known?.includes(camel)) {
      notes.push(`\`${key}\` has no effect here.`);
      if (camel === "timeMajor" && value === true) throw new OptionError(`${className}: time_major is not supported.`);
    } else {
      const name = todaysName(className, camel);
      if (name !== key) notes.push(`\`${key}\` is called \`${name}\` here.`);
      if (known && !known.includes(name)) refuse(className, key, known);
      options[name] = value;
    }
  }
  if (options["recurrentActivation"] === "hard_sigmoid" && Object.hasOwn(given, "inner_activation")) {
    notes.push("`hard_sigmoid` is Keras 3's, relu6(x + 3) / 6; Keras 1's had the slope 0.2.");
  }
  return { options, notes };
}

function todaysName(className: string, key: string): string {
  if (className === "Embedding" && Object.hasOwn(EMBEDDING, key)) return EMBEDDING[key]!;
  // Where today's class has an option of that name, it is meant.
  if (optionKeys(className)?.includes(key) || !Object.hasOwn(KERAS1, key)) return key;
  return KERAS1[key]!;
}

function refuse(className: string, key: string, known: readonly string[]): never {
  const names = [...new Set(known)].sort().join(", ");
  throw new OptionError(`${className} has no option \`${key}\`.${didYouMean(key, known)} It has: ${names}.`);
}
