import { describe, expect, it } from "vitest";
import { RnnWasmError } from "../../src/errors.ts";
import { writeHdf5 } from "../../src/formats/hdf5/write/write.ts";
import { readModel } from "../../src/formats/read-model.ts";
import { writeZip } from "../../src/formats/zip-write.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
/** A field of a protocol buffer that holds bytes. */
const field = (number: number, ...parts: readonly string[]) => {
  const inner = parts.join("");
  return String.fromCharCode(number * 8 + 2, inner.length) + inner;
};

function refusal(bytes: Uint8Array, name = "model.h5"): string {
  try {
    readModel({ bytes, name });
  } catch (error) {
    expect(error).toBeInstanceOf(RnnWasmError);
    return (error as Error).message;
  }
  throw new Error("was taken for a model");
}

describe("files that are no Keras models are named", () => {
  it.each([
    ["gzip", latin1("\x1f\x8b\x08\0\0\0\0\0\0\x03"), /compressed by gzip\. Unpack/],
    ["a tar archive", latin1(`${"model.h5".padEnd(257, "\0")}ustar\x0000`), /tar archive/],
    ["TensorFlow Lite", latin1("\x1c\0\0\0TFL3\x14\0\x20\0"), /TensorFlow Lite/],
    ["old PyTorch", latin1("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), /PyTorch/],
    ["a pickle", latin1("\x80\x04\x95\x0f\0\0\0\0\0\0\0]\x94(K\x01K\x02e."), /Python pickle.*never run.*model\.save/],
    ["a NumPy array", latin1("\x93NUMPY\x01\0v\0"), /NumPy array/],
    [
      "a Git LFS pointer",
      utf8("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
      /git lfs pull/,
    ],
    ["a web page", utf8("\ufeff\n<!DOCTYPE html><html><body>404</body></html>"), /web page \(HTML\)/],
    ["XML of a cloud store", utf8('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /web page/],
    ["a server's text", utf8("404: Not Found"), /404: Not Found.*download failed/],
    ["ONNX", latin1(`\x08\x08${field(2, "tf2onnx")}${field(3, "1.16.1")}`), /ONNX/],
    ["saved_model.pb", latin1(`\x08\x01${field(2, field(1, field(4, "serve")))}`), /saved_model\.pb/],
    ["a frozen graph", latin1(field(1, field(1, "lstm/kernel"), field(2, "Const"))), /frozen TensorFlow graph/],
    ["a checkpoint's index", latin1("\0\0\x01\x02\x57\xfb\x80\x8b\x24\x75\x47\xdb"), /checkpoint.*load_weights/],
    ["a checkpoint's list", utf8('model_checkpoint_path: "cp-5"\n'), /checkpoint/],
    ["safetensors", latin1('\x40\0\0\0\0\0\0\0{"a":{"dtype":"F32"}}'), /safetensors/],
    ["unknown bytes", latin1("\x01\x02\x03\x04\x05\x06\x07\x08"), /neither \.keras \(zip\), HDF5, JSON nor YAML/],
  ])("%s", (_, bytes, message) => expect(refusal(bytes)).toMatch(message));

  it.each([
    ["new PyTorch", ["archive/data.pkl", "archive/version"], /PyTorch/],
    ["a zipped SavedModel", ["m/saved_model.pb", "m/variables/variables.index"], /SavedModel/],
    ["npz", ["arr_0.npy", "arr_1.npy"], /set_weights/],
    ["a zipped TF.js folder", ["m/model.json", "m/group1-shard1of1.bin"], /Unpack it and load that folder/],
    ["a zip around a model", ["best.h5", "readme.txt"], /around best\.h5/],
    ["an office document", ["word/document.xml"], /without config\.json \(it holds word/],
  ])("a zip archive that is %s", (_, names, message) => {
    expect(refusal(writeZip(names.map((name) => [name, utf8("x")])))).toMatch(message);
  });

  it.each([
    ["a training config", { optimizer_config: {}, loss: "mse" }, /training configuration/],
    ["metadata.json", { keras_version: "3.8.0", date_saved: "2026" }, /metadata\.json/],
    ["a tokenizer", { class_name: "Tokenizer", config: {} }, /Tokenizer/],
    ["a server's message", { message: "Not Found", status: "404" }, /server's message/],
    ["something else", { a: 1, b: 2 }, /its keys: a, b/],
    ["a TF.js graph model", { format: "graph-model", modelTopology: { node: [] }, weightsManifest: [] }, /graph model/],
    ["an architecture alone", { class_name: "Sequential", config: [] }, /without weights/],
  ])("JSON that is %s", (_, json, message) => expect(refusal(utf8(JSON.stringify(json)))).toMatch(message));

  it("HDF5 without a model, with weights and without", () => {
    const other = writeHdf5({ attributes: {}, children: new Map([["df", { attributes: {}, children: new Map() }]]) });
    expect(refusal(other)).toMatch(/no Keras model: it has no model_config \(it holds df\)/);
    const group = { attributes: {}, children: new Map() };
    expect(refusal(writeHdf5({ attributes: {}, children: new Map([["layers", group]]) }))).toMatch(/holds weights/);
  });

  it("names what was passed as weights", () => {
    const json = { class_name: "Sequential", config: { name: "m", layers: [] } };
    const weights = { "model.pkl": latin1("\x80\x04]\x94.") };
    expect(() => readModel({ json, weights, name: "model.json" })).toThrow(/^model\.pkl is a Python pickle/);
  });
});
