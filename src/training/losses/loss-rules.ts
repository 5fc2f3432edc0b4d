import type { Profile } from "../../layers/profile.ts";
import { release } from "../optimizers/optimizer-rules.ts";
import type { LossSpec } from "./losses.ts";

/** Wherein the losses of releases differ. */
export interface LossRules {
  /**
   * How masks and sample weights go into a mean: 0, masked rows do not count (Keras 3, tf.keras from 2.11); 3, they count
   * as zeros (tf.keras before it, Keras 2.3); 4, neither they nor samples of weight zero count (Keras 1 and 2 until 2.2).
   */
  readonly mean: 0 | 3 | 4;
  /**
   * Crossentropies take the logits of a sigmoid or softmax output whichever of the two it is, and whatever `from_logits`
   * says: tf.keras from 2.5 and Keras 3 on TensorFlow, whose activations leave them on the tensor (`_keras_logits`).
   */
  readonly takesAnyLogits: boolean;
  /** Added to probabilities before their logarithm in binary_crossentropy (tf.keras). */
  readonly addedEpsilon: number;
  /** Hinge losses read labels of 0 and 1 as −1 and 1 (Keras 2.3, tf.keras, Keras 3). */
  readonly bitsAreSigns: boolean;
}

/** The rules of the losses by whose training goes. */
export function lossRules({ era, version }: Profile): LossRules {
  const number = release(version);
  const isOldTf = era === "tf-keras" && version !== "";
  const isFirst = era === "keras1" || (era === "keras2" && number < 2.003);
  return {
    mean: isFirst ? 4 : era === "keras2" || (isOldTf && number < 2.011) ? 3 : 0,
    takesAnyLogits: !isFirst && era !== "keras2" && !(isOldTf && number < 2.005),
    addedEpsilon: era === "tf-keras" ? 1e-7 : 0,
    bitsAreSigns: !isFirst,
  };
}

/** A loss by the rules of a release. */
export function byRules(loss: LossSpec, rules: LossRules): LossSpec {
  const [first, second, third] = loss.numbers;
  const { kind } = loss;
  let own = second;
  if (kind === "binaryCrossentropy") own = rules.addedEpsilon;
  if (kind === "hinge" || kind === "squaredHinge") own = Number(rules.bitsAreSigns);
  return {
    ...loss,
    reduction: loss.reduction === 0 ? rules.mean : loss.reduction,
    takesAnyLogits: rules.takesAnyLogits,
    numbers: [first, own, third],
  };
}
