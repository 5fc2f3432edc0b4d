import { type Document, isAlias, isMap, isScalar, isSeq, type Node, Scalar, visit } from "yaml";

const NUMPY = "tag:yaml.org,2002:python/object/apply:numpy.core.multiarray.";

/** How numpy calls its types, less the byte order, and how their bytes are read. */
const READERS: Readonly<Record<string, (view: DataView, little: boolean) => number>> = {
  f8: (view, little) => view.getFloat64(0, little),
  f4: (view, little) => view.getFloat32(0, little),
  i8: (view, little) => Number(view.getBigInt64(0, little)),
  i4: (view, little) => view.getInt32(0, little),
};

/**
 * Puts plain numbers where numpy's stand in an architecture: Keras 1 writes sizes behind Flatten so, and slopes of
 * activations. They are read as data, nothing is run; whatever else of Python is there stays.
 */
export function withPlainNumbers(document: Document): void {
  const found = new Map<unknown, number>();
  // First all are read, since one may refer to another's type; then they are replaced.
  visit(document, {
    Node(_, node) {
      const number = isAlias(node) ? undefined : numberOf(node, document);
      if (number === undefined) return undefined;
      found.set(node, number);
      return visit.SKIP;
    },
  });
  visit(document, {
    Node(_, node) {
      const number = found.get(node);
      return number === undefined ? undefined : new Scalar(number);
    },
  });
}

/** The number of `scalar [dtype, bytes]` or of an array of no dimensions, `_reconstruct {args, state}`. */
function numberOf(node: Node, document: Document): number | undefined {
  const items = (given: unknown): readonly unknown[] => {
    const list = isAlias(given) ? given.resolve(document) : given;
    return isSeq(list) ? list.items : [];
  };
  if (node.tag === `${NUMPY}scalar`) {
    const [type, bytes] = items(node);
    return decode(type, bytes, document);
  }
  if (node.tag !== `${NUMPY}_reconstruct` || !isMap(node)) return undefined;
  const [, shape, type, , bytes] = items(node.get("state", true));
  return items(shape).length === 0 ? decode(type, bytes, document) : undefined;
}

function decode(given: unknown, bytes: unknown, document: Document): number | undefined {
  const type = isAlias(given) ? given.resolve(document) : given;
  if (!isMap(type) || !isScalar(bytes) || !(bytes.value instanceof Uint8Array)) return undefined;
  const name = type.getIn(["args", 0]);
  const read = typeof name === "string" && Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  const data = Uint8Array.from(bytes.value);
  if (!read || data.length !== Number(String(name).slice(1))) return undefined;
  return read(new DataView(data.buffer), type.getIn(["state", 1]) !== ">");
}
