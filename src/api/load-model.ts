import { chooseBuild } from "../engine/choose-build.ts";
import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { compileBuild } from "../engine/load-module.ts";
import { FormatError, OptionError, UnsupportedLayerError } from "../errors.ts";
import { VERSION } from "../formats/native/format.ts";
import { assignNative, checkNative, isNative, readOptimizerState } from "../formats/native/read.ts";
import type { ModelFiles, ParsedModel } from "../formats/read-model.ts";
import type { Layer } from "../layers/layer.ts";
import type { CustomObjects } from "../layers/registry.ts";
import type { GraphLayer } from "../model/graph-layer.ts";
import type { GraphSpec } from "../model/graph-spec.ts";
import { InferenceModel } from "../model/model.ts";
import { buildRoot } from "./build-root.ts";
import { layersFor } from "./companions.ts";
import { Model } from "./model.ts";
import type { ModelOrigin } from "./origin.ts";
import { type ModelParts, type ModelSource, type Platform, parseJson, readSource } from "./source.ts";
import { checkVerifyPair } from "./verify.ts";

/** Options of {@link loadModel}. */
export interface LoadOptions extends EngineOptions {
  /** TypeScript layers and cells for what Keras does not have: by registered name, class name or, for a Lambda, the
   * layer's own name. */
  readonly customObjects?: CustomObjects;
  /** Loads the model up to these layers, whose outputs become its own: what comes after them may be Python code. */
  readonly until?: string | readonly string[];
  /** Layers beyond the core's, for {@link loadModelSync}: `COMPANIONS` of "rnn-wasm/layers". loadModel fetches them itself. */
  readonly layers?: CustomObjects;
  /** Weights go to layers by name, and layers of the file that the architecture does not have are left out. */
  readonly byName?: boolean;
  /** Recomputes the input/output pair that a file in our own format may carry, and refuses the model if it differs. */
  readonly verify?: boolean;
}

type LoadPart = typeof import("./python-parts.ts").loadPart;

/** Compiles the kernels while a disk or a network is at work. What fails here fails again, and is told, when they are needed. */
function compileAhead({ build, module }: EngineOptions): void {
  if (module) return;
  try {
    compileBuild(chooseBuild(build).build);
  } catch {}
}

const KNOWN = "build module customObjects layers byName verify until".split(" ");

function checkOptions(options: LoadOptions): void {
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    throw new OptionError(`loadModel: the option \`${unknown}\` is not known. Known: ${KNOWN.join(", ")}.`);
  }
}

/** Loads a model, given a platform that reads files. */
export async function loadModelWith(
  platform: Platform,
  source: ModelSource,
  options: LoadOptions = {},
): Promise<Model> {
  checkOptions(options);
  const files = await readSource(source, platform, () => compileAhead(options));
  if (files.json && isNative(files.json)) {
    const layers = await layersFor(checkNative(files.json).graph);
    const part = options.until === undefined ? undefined : (await import("./python-parts.ts")).loadPart;
    return fromNative(files, { ...options, layers: { ...layers, ...options.layers } }, platform, part);
  }
  const { readModel, withoutYaml } = await import("../formats/read-model.ts");
  const parsed = readModel(await withoutYaml(files), { byName: options.byName ?? false });
  const root = await rootOf(parsed, options);
  const optimizerSlots = parsed.origin.optimizerWeights && parsed.weights.slots?.();
  const origin = { ...parsed.origin, ...(optimizerSlots && { optimizerSlots }) };
  return new Model(new InferenceModel(root, createEngine(options)), origin, platform);
}

/** The model's layers with their weights. What is Python code in part takes other ways, which most models never need. */
async function rootOf(parsed: ParsedModel, options: LoadOptions): Promise<GraphLayer> {
  const layers = await layersFor(parsed.graph);
  const build = (graph: GraphSpec, more: CustomObjects = {}): GraphLayer =>
    buildRoot(
      graph,
      parsed.profile,
      { ...layers, ...options.layers, ...options.customObjects, ...more },
      undefined,
      options.customObjects,
    );
  let root: GraphLayer | undefined;
  try {
    if (options.until === undefined) root = build(parsed.graph);
  } catch (error) {
    if (!(error instanceof UnsupportedLayerError)) throw error;
  }
  if (!root) return (await import("./python-parts.ts")).loadPart(parsed, options, build);
  parsed.weights.assign(root);
  return root;
}

/**
 * Loads a model in our own format synchronously, without any other file format's code: for audio worklets and other
 * places where nothing may wait.
 *
 * @param parts - `model.json` and the bytes of `weights.safetensors`.
 * @throws {FormatError} If they are of another format or damaged.
 * @throws {UnsupportedLayerError} If a layer is beyond the core: `layers: COMPANIONS` of "rnn-wasm/layers" brings all.
 * @example
 * const model = loadModelSync({ json, weights }, { module });
 */
export function loadModelSync(parts: ModelParts, options: LoadOptions = {}): Model {
  const { json } = parts;
  const text = json instanceof Uint8Array ? new TextDecoder().decode(json) : json;
  const parsed = typeof text === "string" ? parseJson(text, "the given JSON") : text;
  if (!isNative(parsed)) {
    throw new FormatError(
      "loadModelSync reads the rnn-wasm format only; convert the model (rnn-wasm convert) or use loadModel.",
    );
  }
  const { weights } = parts;
  const files = weights instanceof ArrayBuffer ? new Uint8Array(weights) : weights;
  return fromNative({ json: parsed, name: "model.json", ...(files && { weights: files as Uint8Array }) }, options);
}

function fromNative(files: ModelFiles, options: LoadOptions, platform?: Platform, part?: LoadPart): Model {
  if (!files.json || !isNative(files.json)) throw new FormatError(`${files.name} is not in the rnn-wasm format.`);
  const json = checkNative(files.json);
  const { weights } = files;
  const bytes =
    weights instanceof Uint8Array ? weights : (weights?.[json.weights?.file ?? ""] ?? Object.values(weights ?? {})[0]);
  if (!bytes) {
    throw new FormatError(
      `${files.name}: the weights are missing; pass the bytes of ${json.weights?.file ?? "the weights file"} as \`weights\`.`,
    );
  }
  const build = (graph: GraphSpec, more: CustomObjects = {}): GraphLayer =>
    buildRoot(
      graph,
      json.profile,
      { ...options.layers, ...options.customObjects, ...more },
      undefined,
      options.customObjects,
    );
  const assign = (root: Layer): void => assignNative(root, bytes, files.late);
  const root = part?.({ ...json, weights: { assign } }, options, build) ?? build(json.graph);
  if (!part) assign(root);
  const state = json.optimizer && weights && !(weights instanceof Uint8Array) && weights[json.optimizer.file];
  const origin: ModelOrigin = {
    format: `rnn-wasm ${VERSION}`,
    kerasVersion: json.profile.version,
    notes: [],
    ...(json.verify && { verifyPair: json.verify }),
    ...(json.trainingConfig !== undefined && { trainingConfig: json.trainingConfig }),
    ...(state && { optimizerWeights: readOptimizerState(state) }),
  };
  const model = new Model(new InferenceModel(root, createEngine(options)), origin, platform);
  if (options.verify && json.verify) checkVerifyPair(model, json.verify);
  return model;
}
