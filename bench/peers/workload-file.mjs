// Reads what bench/models/files.ts has written: the same bytes for every peer, in Node and in the page.

/**
 * @param readFile - Gives the bytes of a file of the workload by name.
 * @returns the workload with its arrays, as bench/workloads.ts describes it.
 */
export async function readWorkload(readFile) {
  const json = JSON.parse(new TextDecoder().decode(await readFile("workload.json")));
  const bytes = await readFile("arrays.bin");
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const array = ({ at, length }) => new Float32Array(buffer, at, length);
  return {
    ...json,
    inputs: json.inputs.map(({ at, length }) =>
      json.features === 0 ? new Int32Array(buffer, at, length) : new Float32Array(buffer, at, length),
    ),
    layers: json.layers.map((layer) => ({
      ...layer,
      weights: layer.weights.map((weight) => ({ ...weight, data: array(weight.data) })),
    })),
  };
}
