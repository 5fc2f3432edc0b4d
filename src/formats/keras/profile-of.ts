import type { Era, Profile } from "../../layers/profile.ts";

/** What a file says about its writer. */
export interface Origin {
  readonly era: Era;
  /** As written, "" if the file says none. */
  readonly version: string;
  /** theano, tensorflow, jax, torch …; "" if the file says none. */
  readonly backend: string;
}

/** `2.2.4-tf` → [2, 2, 4]; parts that are missing count as 0. */
function parts(version: string): [number, number, number] {
  const numbers = (/\d+(\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}

/** True if the version is the given one or later. A file without a version counts as the newest of its era. */
export function since(version: string, ...wanted: [number, number, number]): boolean {
  if (version === "") return true;
  const has = parts(version);
  for (let i = 0; i < 3; i++) if (has[i] !== wanted[i]) return has[i]! > wanted[i]!;
  return true;
}

/** The era of a version string; undefined if it has none of the known forms. */
export function eraOfVersion(version: string): Era | undefined {
  if (version.startsWith("tfjs")) return "tfjs";
  const [major] = parts(version);
  // Keras 0.x, whose layers are those of Keras 1.
  if (major === 1 || (major === 0 && version !== "")) return "keras1";
  if (major === 2) return version.endsWith("-tf") || since(version, 2, 4, 0) ? "tf-keras" : "keras2";
  return major >= 3 ? "keras3" : undefined;
}

/**
 * The numbers that a file's era and version stand for. Layers get these flags and never see a version.
 *
 * Where Keras' own backends disagree TensorFlow is followed, except for files that Theano wrote.
 */
export function profileOf({ era, version, backend }: Origin): Profile {
  const keras1 = era === "keras1";
  const keras2 = era === "keras2";
  const keras3 = era === "keras3";
  const theano = backend === "theano";
  const tfjs = era === "tfjs";
  const looped = keras1 ? since(version, 1, 1, 2) : tfjs || (keras2 && version !== "" && !since(version, 2, 2, 5));
  const hardDefault = keras1 || tfjs || (keras2 && !since(version, 2, 3, 0));
  return {
    era,
    version,
    hardSigmoid: keras3 ? "hardSigmoid6" : "hardSigmoid02",
    recurrentActivation: hardDefault ? "hard_sigmoid" : "sigmoid",
    convLstmRecurrentActivation: keras3 ? "sigmoid" : "hard_sigmoid",
    gruResetAfter: era === "tf-keras" || keras3,
    firstMaskedOutput: looped && !theano ? "initialState" : "zeros",
    bidirectionalZeroesMasked: era === "tf-keras" || keras3,
    bidirectionalHeedsZeroes: era === "tf-keras" && version !== "" && !since(version, 2, 3, 0),
    bidirectionalForgetsState: keras2 && version !== "" && since(version, 2, 1, 4),
    mergeMasks: !keras3 ? "and" : since(version, 3, 4, 0) ? "or" : "lost",
    recurrentPassesMask: !keras3 || version === "" || !since(version, 3, 16, 0),
    initialStateLosesMask: keras3,
    attentionTakesMasks: keras3 && since(version, 3, 8, 0),
    timeDistributedGivesMask: !keras1 && !tfjs && !(keras2 && version !== "" && !since(version, 2, 2, 0)),
    stackedStates: tfjs || (keras2 && version !== "" && !since(version, 2, 2, 3)) ? "reversed" : "natural",
    padding: theano ? "theano" : "tensorflow",
    averageCountsPadding: keras2 && theano && version !== "" && since(version, 2, 0, 4) && !since(version, 2, 1, 5),
    movingVariance: era === "tf-keras" ? "sampleOfImages" : keras2 && since(version, 2, 1, 4) ? "sample" : "batch",
    batchNormEpsilon: keras1 ? batchNormEpsilonOfKeras1(version) : 1e-3,
    batchNormDeviation: keras1 && version !== "" && !since(version, 1, 0, 6),
    batchNormBareDeviation: keras1 && version !== "" && !since(version, 1, 0, 5),
    leakyReluSlope: 0.2,
  };
}

function batchNormEpsilonOfKeras1(version: string): number {
  if (since(version, 1, 2, 0)) return 1e-3;
  return since(version, 1, 0, 8) ? 1e-5 : 1e-6;
}
