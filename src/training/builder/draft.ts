import { OptionError } from "../../errors.ts";
import type { Json, Layer, LayerConfig } from "../../layers/layer.ts";
import type { GraphSpec } from "../../model/graph-spec.ts";
import type { OpenShape, TensorLike } from "../../tensor.ts";
import { camelKey, layerOptions } from "./spellings.ts";

/** A tensor of a model that is being built: one output of one call of a layer. */
export interface SymbolicTensor {
  readonly draft: LayerDraft;
  readonly call: number;
  readonly tensor: number;
}

/** Arguments of a call beside the inputs. */
export interface DraftCallOptions {
  readonly initialState?: SymbolicTensor | readonly SymbolicTensor[];
  readonly mask?: SymbolicTensor;
  readonly useCausalMask?: boolean;
  /** Attention layers give their shares of attention as a second output. */
  readonly returnAttentionScores?: boolean;
}

/** One call of a draft. */
export interface DraftCall {
  readonly inputs: readonly SymbolicTensor[];
  readonly options: DraftCallOptions;
}

/**
 * A layer that has been described, but not built: an element of `sequential([...])`, or a function of tensors.
 *
 * @example
 * const y = lstm(32)(input([100, 8]));
 */
export interface LayerDraft {
  (
    inputs: SymbolicTensor | readonly SymbolicTensor[],
    options?: DraftCallOptions,
  ): SymbolicTensor & Iterable<SymbolicTensor>;
  readonly className: string;
  readonly config: LayerConfig;
  /** The name that the config gives; undefined lets the model choose one. */
  readonly layerName: string | undefined;
  readonly trainable: boolean;
  readonly calls: readonly DraftCall[];
  /** The input that the layer says it takes, batch first: `inputShape`, `batchShape`, or `inputDim` and `inputLength`. */
  readonly declared: OpenShape | undefined;
  /** Values to start from, in Keras' order, in place of drawn ones. */
  readonly weights: readonly TensorLike[] | undefined;
  /** What was understood otherwise than written. */
  readonly notes: readonly string[];
  /** The layer itself, once a model has been built with it: other models share it, weights and all. */
  built?: Layer | undefined;
}

/**
 * Options of every layer: Keras' own in camelCase (`returnSequences`). Snake case and Keras 1's names (`dropout_W`,
 * `inner_activation` …) are understood; the model's `origin.notes` say so. Beside the class's own, every layer takes
 * `name`, `trainable`, `weights` (values to start from), and as the first of a Sequential `inputShape` (without the
 * batch) and `batchSize`, `batchShape` (both in one), or Keras 1's `inputDim` and `inputLength`.
 */
export type LayerOptions = Readonly<Record<string, unknown>>;

/** A draft as JSON: what wrappers hold. */
function plain(value: unknown, what: string): Json {
  if (value === undefined) return null;
  if (isModel(value)) {
    const { className, name, config, trainable, graph } = value.inference.root;
    return { className, name, config, trainable, graph: graph as unknown as Json };
  }
  if (isDraft(value)) {
    const { className, config, layerName, trainable } = value;
    return { className, config, trainable, ...(layerName !== undefined && { name: layerName }) };
  }
  if (Array.isArray(value)) return value.map((item) => plain(item, what));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, what)]));
  }
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value as Json;
  throw new OptionError(
    `${what}: an option must be a number, a string, a flag, a list or a layer; got ${typeof value}.`,
  );
}

function isLayer(value: object): boolean {
  return "className" in value || isModel(value);
}

function isDraft(value: unknown): value is LayerDraft {
  return typeof value === "function" && "className" in value;
}

/** Names of activations and initializers as Keras' files have them. */
function optionValue(key: string, value: unknown, what: string): Json {
  if (typeof value !== "string" || !/(activation|Initializer)$/i.test(key)) return plain(value, what);
  const name = value.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return ({ zero: "zeros", one: "ones" } as Readonly<Record<string, string>>)[name] ?? name;
}

/**
 * Describes a layer of any class, by Keras' name.
 *
 * @param config - What the class needs; `options` go over it.
 * @throws {OptionError} If the class has no such option, or its value is none that a config can hold.
 * @example
 * const layer = draft("LSTM", { units: 32, returnSequences: true });
 */
export function draft(className: string, config: LayerOptions, options: LayerOptions = {}): LayerDraft {
  // tf.js' way, all in one object: lstm({ units: 32 }).
  const [first] = Object.values(config);
  if (typeof first === "object" && first !== null && !Array.isArray(first) && !isLayer(first)) {
    return draft(className, {}, { ...(first as LayerOptions), ...options });
  }
  const spelled = layerOptions(className, options);
  const { name, trainable, inputShape, batchShape, batchSize, weights, inputLength, ...rest } = {
    ...config,
    ...spelled.options,
  };
  const isEmbedding = className === "Embedding";
  const inputDim = rest["inputDim"];
  const declared = declaredShape(className, { inputShape, batchShape, batchSize, inputLength, inputDim });
  const entries = Object.entries(rest)
    .filter(([key, value]) => value !== undefined && (isEmbedding || key !== "inputDim"))
    .map(([key, value]) => [key, optionValue(key, value, className)] as const);
  if (className === "InputLayer") entries.push(["batchShape", plain(batchShape, className)]);
  checkRate(className, rest["rate"]);
  const held = Object.values(rest).flat();
  const inner = held.filter(isDraft);
  // A wrapped model brings its weights along.
  const ofModel = held.find(isModel) as { getWeights?(): readonly TensorLike[] } | undefined;
  const calls: DraftCall[] = [];
  const made = ((inputs: SymbolicTensor | readonly SymbolicTensor[], callOptions: DraftCallOptions = {}) => {
    calls.push({ inputs: readTensors(inputs, className), options: spelledCall(callOptions) });
    return outputsOf(made, calls.length - 1);
  }) as LayerDraft;
  return Object.assign(made, {
    className,
    config: Object.fromEntries(entries) as LayerConfig,
    layerName: typeof name === "string" ? name : undefined,
    trainable: trainable !== false,
    calls,
    declared,
    weights: (weights ?? ofModel?.getWeights?.()) as readonly TensorLike[] | undefined,
    notes: [...spelled.notes, ...inner.flatMap(({ notes }) => notes)],
  });
}

/** @throws {OptionError} If a dropout would drop less than nothing or more than all. */
function checkRate(className: string, rate: unknown): void {
  if (!className.endsWith("Dropout") && !className.startsWith("SpatialDropout")) return;
  if (rate === undefined || (typeof rate === "number" && rate >= 0 && rate <= 1)) return;
  throw new OptionError(`${className}: \`rate\` must be a number from 0 to 1; got ${String(rate)}.`);
}

/** A layer that is a graph of others. */
export type ModelLayer = Layer & { readonly graph: GraphSpec };

/** A model, as far as it can be a layer. */
interface LayeredModel {
  readonly inference: { readonly root: ModelLayer };
}

/** What stands for a layer among other layers: a description, or a model. */
export type LayerLike = LayerDraft | LayeredModel;

const OF_MODELS = new WeakMap<object, LayerDraft>();

/**
 * A layer's description; a model's is one of a layer that shares its weights: training one trains the other.
 *
 * @throws {OptionError} If it is neither.
 */
export function asDraft(value: LayerLike): LayerDraft {
  if (isDraft(value)) return value;
  if (!isModel(value)) {
    throw new OptionError(`A layer must be one like lstm(32) or dense(1), or a model; got ${String(value)}.`);
  }
  const known = OF_MODELS.get(value);
  if (known) return known;
  const calls: DraftCall[] = [];
  const made = ((inputs: SymbolicTensor | readonly SymbolicTensor[], callOptions: DraftCallOptions = {}) => {
    made.built = value.inference.root;
    calls.push({ inputs: readTensors(inputs, "A model"), options: spelledCall(callOptions) });
    return outputsOf(made, calls.length - 1);
  }) as LayerDraft;
  const own = { className: "Functional", config: {}, layerName: undefined, trainable: true, calls, notes: [] };
  OF_MODELS.set(value, Object.assign(made, { ...own, declared: undefined, weights: undefined }));
  return made;
}

function isModel(value: unknown): value is LayeredModel {
  return (typeof value === "object" || typeof value === "function") && value !== null && "inference" in value;
}

/** @throws {OptionError} If something is no tensor of a model that is being built. */
function readTensors(given: SymbolicTensor | readonly SymbolicTensor[], what: string): readonly SymbolicTensor[] {
  const isSymbolic = (value: unknown) => typeof value === "object" && value !== null && "draft" in value;
  const list = Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [given as SymbolicTensor];
  if (list.every(isSymbolic)) return list;
  throw new OptionError(
    `${what} is called with tensors of input(…) and of other layers. To compute, build a model and call predict.`,
  );
}

function spelledCall(options: DraftCallOptions): DraftCallOptions {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [camelKey(key), value]));
}

/** The input that a first layer declares, batch first; undefined if it leaves that to the data. */
function declaredShape(className: string, given: Readonly<Record<string, unknown>>): OpenShape | undefined {
  const { inputShape, batchShape, batchSize, inputDim, inputLength } = given;
  if (batchShape !== undefined) return checkedShape(batchShape, className, "batchShape");
  const [batch] = checkedShape([batchSize ?? null], className, "batchSize") as [number | null];
  if (inputShape !== undefined) return [batch, ...checkedShape(inputShape, className, "inputShape")];
  const length = typeof inputLength === "number" ? inputLength : null;
  if (className === "Embedding") return [batch, length];
  if (typeof inputDim !== "number") return undefined;
  const isSequence = /RNN|LSTM|GRU|Conv1D|Masking|Bidirectional|TimeDistributed/.test(className);
  return isSequence || inputLength !== undefined ? [batch, length, inputDim] : [batch, inputDim];
}

function checkedShape(shape: unknown, className: string, what: string): OpenShape {
  const fits = (n: unknown) => n === null || (typeof n === "number" && Number.isInteger(n) && n >= 0);
  if (Array.isArray(shape) && shape.every(fits)) return shape as OpenShape;
  throw new OptionError(
    `${className}: \`${what}\` must be a list of sizes, null for any; got ${JSON.stringify(shape)}.`,
  );
}

/** The first output of a call; iterating gives all of them, for `const [y, h, c] = lstm(8, { returnState: true })(x)`. */
function outputsOf(of: LayerDraft, call: number): SymbolicTensor & Iterable<SymbolicTensor> {
  const at = (tensor: number): SymbolicTensor => ({ draft: of, call, tensor });
  return {
    ...at(0),
    *[Symbol.iterator]() {
      for (let i = 0; i < 8; i++) yield at(i);
    },
  };
}

/** What {@link input} takes beside the shape. */
export interface InputOptions {
  readonly dtype?: string;
  readonly name?: string;
  readonly batchSize?: number | null;
  readonly batch_size?: number | null;
}

/**
 * Where a model's input enters.
 *
 * @param shape - Without the batch; null for any size.
 * @param options - `batchSize` fixes the batch, which stateful layers need; `dtype` is "float32" by default.
 */
export function input(
  shape: OpenShape | (InputOptions & { readonly shape: OpenShape }),
  options: InputOptions = {},
): SymbolicTensor & { readonly draft: LayerDraft } {
  if ("shape" in shape) return input(shape.shape, { ...shape, ...options });
  const { dtype = "float32", name, batchSize, batch_size } = options;
  const batchShape = [batchSize ?? batch_size ?? null, ...checkedShape(shape, "input", "shape")];
  const made = draft("InputLayer", { batchShape, dtype, name });
  return { draft: made, call: 0, tensor: 0 };
}
