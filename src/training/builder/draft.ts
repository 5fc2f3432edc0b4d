import { OptionError } from "../../errors.ts";
import type { Json, LayerConfig } from "../../layers/layer.ts";
import type { OpenShape } from "../../tensor.ts";
import { camelCase } from "../serialized.ts";

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
}

/** Options of every layer: Keras' own in camelCase (`returnSequences`); snake case is taken as well. */
export type LayerOptions = Readonly<Record<string, unknown>>;

/** A draft as JSON: what wrappers hold. */
function plain(value: unknown, what: string): Json {
  if (value === undefined) return null;
  if (typeof value === "function" && "className" in value) {
    const { className, config, layerName, trainable } = value as LayerDraft;
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

/** Describes a layer. */
export function draft(className: string, config: LayerOptions, options: LayerOptions = {}): LayerDraft {
  const entries = Object.entries({ ...config, ...options })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [camelCase(key), plain(value, className)] as const);
  const { name, trainable, ...rest } = Object.fromEntries(entries) as Record<string, Json>;
  const calls: DraftCall[] = [];
  const made = ((inputs: SymbolicTensor | readonly SymbolicTensor[], callOptions: DraftCallOptions = {}) => {
    calls.push({ inputs: Array.isArray(inputs) ? inputs : [inputs as SymbolicTensor], options: callOptions });
    return outputsOf(made, calls.length - 1);
  }) as LayerDraft;
  return Object.assign(made, {
    className,
    config: rest as LayerConfig,
    layerName: typeof name === "string" ? name : undefined,
    trainable: trainable !== false,
    calls,
  });
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

/** Where a model's input enters. Open axes are null. */
export function input(
  shape: OpenShape,
  options: { dtype?: string; name?: string; batchSize?: number } = {},
): SymbolicTensor & { readonly draft: LayerDraft } {
  const { dtype = "float32", name, batchSize } = options;
  const made = draft("InputLayer", { batchShape: [batchSize ?? null, ...shape], dtype, name });
  return { draft: made, call: 0, tensor: 0 };
}
