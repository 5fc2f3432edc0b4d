// From the start of the process to the first prediction: node cold.mjs <module or ""> <options> <folder>.
// With no module it answers at once: what Node itself costs. Weights are read only by peers that ask for them.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [, , module, optionText, folder] = process.argv;

function lazyWorkload() {
  const read = (name) => readFileSync(join(folder, name));
  const json = JSON.parse(read("workload.json").toString());
  let buffer;
  const arrays = () => {
    if (!buffer) {
      const bytes = read("arrays.bin");
      buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    }
    return buffer;
  };
  for (const layer of json.layers) {
    for (const weight of layer.weights) {
      const { at, length } = weight.data;
      Object.defineProperty(weight, "data", { get: () => new Float32Array(arrays(), at, length) });
    }
  }
  const bytes = read("input.bin");
  const Kind = json.features === 0 ? Int32Array : Float32Array;
  const input = new Kind(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return { workload: json, input, read: async (name) => read(name) };
}

if (module) {
  const { workload, input, read } = lazyWorkload();
  const { create } = await import(module);
  const peer = await create(workload, { ...JSON.parse(optionText), read, folder, modelFolder: folder });
  const output = await peer.run(peer.prepare ? peer.prepare(input) : input);
  process.stdout.write(JSON.stringify([...(peer.restore ? peer.restore(output) : output)]));
} else {
  process.stdout.write("[]");
}
