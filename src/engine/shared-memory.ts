/** Pages that a memory can have at most: 4 GiB. */
const MAXIMUM = 65536;

/** A memory that threads share; undefined where the host has none (pages that are not cross-origin isolated). */
export function sharedMemory(): WebAssembly.Memory | undefined {
  if (typeof SharedArrayBuffer === "undefined") return undefined;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM, shared: true });
  } catch {
    // Some hosts have no room for the addresses of one.
    return undefined;
  }
}

/**
 * A module that imports a memory, as one that imports a shared memory: the same code, since loads and stores of the two do
 * not differ. A binary says in its import section which kind it takes.
 */
export function asShared(module: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skipName = (): void => {
    const length = number();
    at += length;
  };
  const IMPORTS = 2;
  while (module[at] !== IMPORTS) {
    at++;
    const size = number();
    at += size;
  }
  const section = at++;
  const size = number();
  const body = at;
  for (let left = number(); left > 0; left--) {
    skipName();
    skipName();
    const [FUNCTION, MEMORY] = [0, 2];
    const kind = module[at++];
    if (kind === FUNCTION) number();
    else if (kind === MEMORY) break;
    else throw new TypeError(`an import of kind ${kind} is not known`);
  }
  const limits = at;
  const hasMaximum = module[at++]! & 1;
  const minimum = number();
  if (hasMaximum) number();
  const SHARED = 3;
  const changed = [SHARED, ...bytesOf(minimum), ...bytesOf(MAXIMUM)];
  const kept = module.subarray(body, limits);
  const rest = module.subarray(at, body + size);
  const newSize = kept.length + changed.length + rest.length;
  const pieces = [
    module.subarray(0, section),
    [IMPORTS, ...bytesOf(newSize)],
    kept,
    changed,
    rest,
    module.subarray(body + size),
  ];
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const piece of pieces) {
    result.set(piece, to);
    to += piece.length;
  }
  return result;
}

/** A number in seven bits a byte, as binaries write it. */
function bytesOf(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...bytesOf(value >>> 7)];
}
