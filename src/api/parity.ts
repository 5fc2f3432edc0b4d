import type { Layer } from "../layers/layer.ts";
import { KERAS3, type Profile } from "../layers/profile.ts";

/** What decides whether a rule matters to a model. */
interface Content {
  readonly classes: ReadonlySet<string>;
  /** Text of all configs, for activations and options inside wrappers. */
  readonly configs: string;
  readonly masked: boolean;
}

/** A rule that differs between Kerases: whether a model can notice it, and what it says. */
interface Rule {
  readonly key: keyof Profile;
  readonly when: (content: Content) => boolean;
  readonly says: (profile: Profile) => string;
}

const has = (pattern: RegExp) => (content: Content) => [...content.classes].some((name) => pattern.test(name));
const RECURRENT = /^(LSTM|GRU|SimpleRNN|RNN|ConvLSTM)/;
const MERGES = /^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate)$/;
const masked = (pattern: RegExp) => (content: Content) => content.masked && has(pattern)(content);
const words = { and: "every input's", or: "any input's", lost: "no input's" };

const RULES: readonly Rule[] = [
  {
    key: "era",
    when: masked(/^MultiHeadAttention$/),
    says: () => "MultiHeadAttention joins the masks of its inputs as its own Keras does",
  },
  {
    key: "hardSigmoid",
    when: ({ configs }) => configs.includes('"hard_sigmoid"'),
    says: () => "hard_sigmoid is clip(0.2x + 0.5), not Keras 3's clip(x/6 + 0.5)",
  },
  {
    key: "firstMaskedOutput",
    when: masked(RECURRENT),
    says: () => "masked steps before the first unmasked one put out the initial state, not zeros",
  },
  {
    key: "bidirectionalZeroesMasked",
    when: masked(/^Bidirectional$/),
    says: () => "Bidirectional repeats outputs at masked steps, where Keras 3 puts out zeros",
  },
  {
    key: "bidirectionalForgetsState",
    when: ({ classes, configs }) => classes.has("Bidirectional") && configs.includes('"stateful":true'),
    says: () => "Bidirectional keeps no state between calls, stateful or not",
  },
  {
    key: "mergeMasks",
    when: masked(MERGES),
    says: (profile) =>
      `merged tensors carry ${words[profile.mergeMasks]} mask, where Keras 3.4 and later carry any input's`,
  },
  {
    key: "timeDistributedGivesMask",
    when: masked(/^TimeDistributed$/),
    says: () => "layers inside TimeDistributed see no mask",
  },
  {
    key: "recurrentPassesMask",
    when: masked(RECURRENT),
    says: () => "recurrent layers do not hand their mask on",
  },
  {
    key: "stackedStates",
    when: has(/^StackedRNNCells$/),
    says: () => "states of stacked cells come last cell first",
  },
  {
    key: "padding",
    when: ({ classes, configs }) =>
      [...classes].some((name) => /Conv|Pooling/.test(name)) && configs.includes('"same"'),
    says: () => 'padding "same" lies as Theano lays it: half the window before',
  },
  {
    key: "averageCountsPadding",
    when: has(/^AveragePooling/),
    says: () => "averages count padding as zeros",
  },
  {
    key: "batchNormDeviation",
    when: has(/^BatchNormalization$/),
    says: () => "BatchNormalization divides by a stored deviation plus epsilon",
  },
];

/** What of a model's own Keras differs from today's and can be seen in this model's outputs, one sentence each. */
export function parityNotes(root: Layer): readonly string[] {
  const classes = new Set<string>();
  const configs: string[] = [];
  const open: Layer[] = [root];
  for (let layer = open.pop(); layer; layer = open.pop()) {
    classes.add(layer.className);
    configs.push(JSON.stringify(layer.config));
    open.push(...layer.children.map((child) => child.layer));
  }
  const all = configs.join("\n");
  const content = { classes, configs: all, masked: classes.has("Masking") || all.includes('"maskZero":true') };
  return RULES.filter(({ key, when }) => root.profile[key] !== KERAS3[key] && when(content)).map((rule) =>
    rule.says(root.profile),
  );
}
