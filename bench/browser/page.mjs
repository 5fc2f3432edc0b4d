// The page's side: all peers in one page, rounds interleaved, outputs compared before anything is timed.
import * as litert from "@litertjs/core";
import * as ort from "onnxruntime-web/wasm";
import * as library from "../../dist/platform/browser.js";
import { createLiteRt } from "../peers/litert.mjs";
import { measure } from "../peers/measure.mjs";
import { createOrt } from "../peers/onnxruntime.mjs";
import { create as createOurs } from "../peers/rnn-wasm.mjs";
import { readWorkload } from "../peers/workload-file.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL("/ort/", location.href).href;

let loadingLiteRt;

const PEERS = {
  "rnn-wasm": (workload, context) => createOurs(workload, { ...context, library }),
  "rnn-wasm-simd": (workload, context) => createOurs(workload, { ...context, library, build: "simd" }),
  "ort-web": (workload, context) => {
    const { InferenceSession, Tensor } = ort;
    return createOrt({ InferenceSession, Tensor, executionProvider: "wasm" }, ort.env.versions.web, workload, context);
  },
  litert: async (workload, context) => {
    loadingLiteRt ??= litert.loadLiteRt(new URL("/litert/", location.href).href);
    await loadingLiteRt;
    return createLiteRt(litert, window.versions.litert, workload, context);
  },
};

const peers = new Map();

async function readFile(name) {
  const response = await fetch(`/workload/${name}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function base64(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

/** Versions that a package does not tell itself. */
window.versions = {};

/** Makes all peers for the workload that the server holds; gives their outputs as base64 of float32. */
window.load = async (ids) => {
  for (const { peer } of peers.values()) await peer.close?.();
  peers.clear();
  const answers = {};
  for (const id of ids) {
    const workload = await readWorkload(readFile);
    const start = performance.now();
    const peer = await PEERS[id](workload, { read: readFile });
    const loadMs = performance.now() - start;
    const inputs = peer.prepare ? workload.inputs.map(peer.prepare) : workload.inputs;
    peers.set(id, { peer, inputs });
    peer.reset?.();
    const outputs = [];
    const first = performance.now();
    let firstMs;
    for (const input of inputs) {
      const output = Float32Array.from(await peer.run(input));
      firstMs ??= performance.now() - first;
      outputs.push(base64(peer.restore ? peer.restore(output) : output));
    }
    answers[id] = { version: peer.version, loadMs, firstMs, outputs };
  }
  return answers;
};

/** One round: a timing of every peer, in the given order. */
window.round = async (ids, ms) => {
  const timings = {};
  for (const id of ids) {
    const { peer, inputs } = peers.get(id);
    timings[id] = await measure(peer.run, inputs, ms);
  }
  return timings;
};

window.ready = true;
