const KERAS = "Open the model in Python and save it with model.save() as .keras or .h5.";

/** First bytes of files that people take for Keras models, and what to do with them. */
const SIGNATURES: readonly (readonly [at: number, bytes: string, what: string])[] = [
  [0, "\x1f\x8b", "is compressed by gzip. Unpack it first (gunzip, or tar -xzf for a .tar.gz)."],
  [0, "BZh", "is compressed by bzip2. Unpack it first (bunzip2)."],
  [0, "\xfd7zXZ\0", "is compressed by xz. Unpack it first (unxz)."],
  [0, "\x28\xb5\x2f\xfd", "is compressed by Zstandard. Unpack it first (unzstd)."],
  [0, "7z\xbc\xaf", "is a 7-Zip archive. Unpack it and load the model file inside."],
  [0, "Rar!", "is a RAR archive. Unpack it and load the model file inside."],
  [257, "ustar", "is a tar archive. Unpack it (tar -xf) and load the model file inside."],
  [
    4,
    "TFL3",
    `is a TensorFlow Lite model, whose layers were dissolved into operations. Load the Keras model that it was made from.`,
  ],
  [
    0,
    "\x80\x02\x8a\x0al\xfc\x9cF\xf9",
    "is a PyTorch file. PyTorch models are not read: only Keras' files keep the layers. Rebuild the model in Keras, set its weights and save it.",
  ],
  [0, "\x93NUMPY", "is a NumPy array (.npy), not a model. Pass it as an input, or save the model with model.save()."],
  [0, "GGUF", "is a GGUF file of llama.cpp, not a Keras model."],
  [0, "%PDF", "is a PDF document, not a model."],
];

const HTML = /^\s*<(?:!doctype|html|head|body|\?xml|!--)/i;
const LFS = /^version https:\/\/git-lfs\.github\.com\/spec/;

/** What a file is that no reader takes, and what to do, as the rest of a sentence; `undefined` if nobody knows. */
export function foreignFile(bytes: Uint8Array): string | undefined {
  const head = latin1(bytes.subarray(0, 1024));
  for (const [at, signature, what] of SIGNATURES) if (head.startsWith(signature, at)) return what;
  if (LFS.test(head)) return "is a Git LFS pointer, not the file itself. Fetch the file (git lfs pull) and load that.";
  if (HTML.test(head.replace(/^\xef\xbb\xbf/, ""))) {
    return "is a web page (HTML), not a model: the download gave an error or login page. Open the address in a browser and save the file itself.";
  }
  if (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5 && bytes.at(-1) === 0x2e) {
    return `is a Python pickle, which is a program and never run. ${KERAS}`;
  }
  if (latin1(bytes.subarray(-8)) === "\x57\xfb\x80\x8b\x24\x75\x47\xdb" || head.startsWith("model_checkpoint_path:")) {
    return "belongs to a TensorFlow checkpoint, which is not read. In Python: model.load_weights(checkpoint), then model.save() as .keras or .h5.";
  }
  return protocolBuffer(bytes) ?? safetensors(bytes) ?? message(head, bytes.length);
}

/** What a zip archive without a config.json is, by the names in it. */
export function foreignZip(names: readonly string[]): string | undefined {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/(^|\/)saved_model\.pb$/)) {
    return 'is a zipped SavedModel, which is not read. In Python: tf.keras.models.load_model(folder).save("model.keras").';
  }
  if (has(/(^|\/)data\.pkl$/)) {
    return "is a PyTorch file. PyTorch models are not read: only Keras' files keep the layers. Rebuild the model in Keras, set its weights and save it.";
  }
  if (names.length > 0 && names.every((name) => name.endsWith(".npy"))) {
    return "is a NumPy archive (.npz) without an architecture. In Python: set the arrays with model.set_weights() and save the model with model.save().";
  }
  if (has(/(^|\/)model\.json$/)) return "is a zipped folder with a model.json. Unpack it and load that folder.";
  const inner = names.filter((name) => /\.(keras|h5|hdf5)$/.test(name));
  if (inner.length > 0) return `is a zip archive around ${inner.slice(0, 3).join(", ")}. Unpack it and load that file.`;
  return undefined;
}

/** What a JSON object is that is no architecture, as the rest of a sentence; `undefined` if it may be one. */
export function foreignJson(json: object): string | undefined {
  const has = (key: string): boolean => Object.hasOwn(json, key);
  if (has("modelTopology") || has("weightsManifest")) return undefined;
  const className = "class_name" in json ? json.class_name : undefined;
  if (className === "Tokenizer") {
    return "is a Tokenizer's JSON, not a model's. Tokenizer of rnn-wasm takes it; load the model from its own file.";
  }
  // Old Keras 1 files of lists have no class name, but layers.
  if (className !== undefined || has("className") || has("config") || has("layers") || has("node_config")) {
    return undefined;
  }
  if (has("keras_version") && has("date_saved")) {
    return "is the metadata.json of an unpacked .keras file. Load the folder, or the .keras file itself.";
  }
  if (has("optimizer_config") || has("loss") || has("loss_weights")) {
    return "is a training configuration or history without layers. Pass model.to_json()'s text and the weights, or the .keras or .h5 file.";
  }
  if (has("message") || has("error") || has("errors")) {
    return "is no model but a server's message. The download failed.";
  }
  const keys = Object.keys(json).slice(0, 6).join(", ") || "none";
  return `is no model's JSON (its keys: ${keys}). Pass model.to_json()'s text, or the .keras or .h5 file.`;
}

/** One field of a protocol buffer: its number, and what it holds (a number or where its bytes are). */
interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes?: Uint8Array;
}

/** The first fields of a protocol buffer; `undefined` if it is none. */
function fieldsOf(bytes: Uint8Array, most: number): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length && factor < 2 ** 49; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (fields.length < most && at < bytes.length) {
    const tag = varint();
    const value = varint();
    const number = Math.floor(tag / 8);
    if (!(number >= 1 && number < 100) || !(value >= 0)) return undefined;
    if (tag % 8 === 0) fields.push({ number, value });
    else if (tag % 8 !== 2) return undefined;
    else {
      fields.push({ number, value, bytes: bytes.subarray(at, at + value) });
      at += value;
    }
  }
  return fields;
}

const isName = (field: Field | undefined): boolean => !!field?.bytes && /^[\w./:-]{1,200}$/.test(latin1(field.bytes));

/** The files of TensorFlow and ONNX have no signature, but fields in a known order. */
function protocolBuffer(bytes: Uint8Array): string | undefined {
  const [first, second] = fieldsOf(bytes.subarray(0, 65536), 2) ?? [];
  if (first?.number !== 1) return undefined;
  const inner = first.bytes && fieldsOf(first.bytes, 2);
  if (inner?.[0]?.number === 1 && isName(inner[0]) && inner[1]?.number === 2 && isName(inner[1])) {
    return "is a frozen TensorFlow graph (.pb), whose layers were dissolved into operations. Load the Keras model that it was made from.";
  }
  if (first.bytes || !second?.bytes) return undefined;
  if (first.value === 1 && second.number === 2 && fieldsOf(second.bytes, 1)?.[0]?.number === 1) {
    return 'is the graph of a SavedModel (saved_model.pb), which is not read. In Python: tf.keras.models.load_model(folder).save("model.keras").';
  }
  const isOnnx = second.number === 7 || second.number === 8 || (second.number === 2 && isName(second));
  if (!isOnnx || first.value > 40) return undefined;
  return "is an ONNX model, whose layers were dissolved into operations. Load the Keras model that it was made from.";
}

function safetensors(bytes: Uint8Array): string | undefined {
  if (bytes.length < 10 || bytes[6] !== 0 || bytes[7] !== 0 || bytes[8] !== 0x7b || bytes[9] !== 0x22) return undefined;
  return "holds weights (safetensors) without an architecture. Load the model.json that belongs to it.";
}

/** A server's refusal saved as a file: `404: Not Found`. */
function message(head: string, length: number): string | undefined {
  if (length > 512 || !/^[\s!-~]+$/.test(head)) return undefined;
  if (!/not found|denied|forbidden|error|expired|unauthorized|redirect/i.test(head)) return undefined;
  return `is no model but a message: ${JSON.stringify(head.trim().slice(0, 80))}. The download failed.`;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
