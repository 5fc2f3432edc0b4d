import { UnsupportedLayerError } from "../errors.ts";
import { Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU } from "./activation-layers.ts";
import { Dense } from "./dense.ts";
import { Embedding } from "./embedding.ts";
import { Identity, Inactive } from "./identity-layers.ts";
import { InputLayer } from "./input-layer.ts";
import type { BuildContext, Layer, LayerSpec } from "./layer.ts";
import { Masking } from "./masking.ts";
import { Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract } from "./merge.ts";
import { BatchNormalization, LayerNormalization } from "./normalization.ts";
import type { Profile } from "./profile.ts";
import { Bidirectional } from "./recurrent/bidirectional.ts";
import { CuDNNGRU, GRU, GRUCell } from "./recurrent/gru.ts";
import { CuDNNLSTM, LSTM, LSTMCell } from "./recurrent/lstm.ts";
import { RNN } from "./recurrent/rnn.ts";
import { SimpleRNN, SimpleRNNCell } from "./recurrent/simple-rnn.ts";
import { TimeDistributed } from "./recurrent/time-distributed.ts";
import { Flatten, Permute, RepeatVector, Reshape } from "./reshaping.ts";

/** Makes a layer of one class. */
export type LayerFactory = (spec: LayerSpec, context: BuildContext) => Layer;

/** A layer's class, as the registry lists it. */
export type LayerClass = new (spec: LayerSpec, context: BuildContext) => Layer;

/**
 * The layers that are always there, by Keras' name: recurrent ones and what stands beside them in most models.
 * `companions.ts` lists the others, which are loaded with the first model that has one. To add a layer: write
 * `src/layers/<family>/<name>.ts`, list it in one of the two, add a test and a reference.
 */
export const LAYERS: Readonly<Record<string, LayerClass>> = {
  Activation,
  Add,
  Average,
  BatchNormalization,
  Bidirectional,
  Concatenate,
  CuDNNGRU,
  CuDNNLSTM,
  Dense,
  ELU,
  Embedding,
  Flatten,
  GRU,
  GRUCell,
  InputLayer,
  LayerNormalization,
  LeakyReLU,
  LSTM,
  LSTMCell,
  Masking,
  Maximum,
  Minimum,
  Multiply,
  Permute,
  PReLU,
  ReLU,
  RepeatVector,
  Reshape,
  RNN,
  SimpleRNN,
  SimpleRNNCell,
  Softmax,
  Subtract,
  ThresholdedReLU,
  TimeDistributed,
  Dropout: Inactive,
  SpatialDropout1D: Inactive,
  SpatialDropout2D: Inactive,
  SpatialDropout3D: Inactive,
  AlphaDropout: Inactive,
  GaussianDropout: Inactive,
  GaussianNoise: Inactive,
  ActivityRegularization: Inactive,
  Identity,
  RMSNormalization: LayerNormalization,
};

/** The key under which a table holds the layer of all operation nodes, whose class names start so. */
export const OPERATION = "op:";

/** Layers and cells of the user, by registered name (`package>Name`) or plain class name. */
export type CustomObjects = Readonly<Record<string, LayerClass | LayerFactory>>;

function isClass(value: LayerClass | LayerFactory): value is LayerClass {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * The context in which a model's layers are made.
 *
 * @param customObjects - All layers beyond the core's.
 * @param own - The user's among them: these are also found without the package's name before them.
 * @param nested - Makes the layer of a nested model; given by the model, which knows graphs.
 */
export function buildContext(
  profile: Profile,
  customObjects: CustomObjects,
  nested: (spec: LayerSpec, context: BuildContext) => Layer,
  own: CustomObjects = {},
): BuildContext {
  const context: BuildContext = {
    profile,
    create(spec) {
      const short = spec.className.slice(spec.className.indexOf(">") + 1);
      // A class of someone's package is none of Keras' of the same name.
      for (const [name, table] of [
        [spec.className, customObjects],
        [short, own],
      ] as const) {
        const custom = Object.hasOwn(table, name) ? table[name] : undefined;
        if (custom) return isClass(custom) ? new custom(spec, context) : custom(spec, context);
      }
      if (spec.graph) return nested(spec, context);
      const operation = spec.className.startsWith("op:") ? customObjects[OPERATION] : undefined;
      if (operation && isClass(operation)) return new operation(spec, context);
      const known = Object.hasOwn(LAYERS, spec.className) ? LAYERS[spec.className] : undefined;
      if (known) return new known(spec, context);
      throw new UnsupportedLayerError(
        `The layer class ${spec.className} (layer "${spec.name}") is not supported, or not loaded: loadModelSync takes it from "rnn-wasm/layers" as the option layers, or your own as customObjects.`,
      );
    },
  };
  return context;
}
