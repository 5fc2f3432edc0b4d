import { FormatError } from "../../../errors.ts";
import { MESSAGE } from "../object-header.ts";
import { Fields, Image, UNDEFINED } from "./fields.ts";
import { INTERNAL_K, LEAF_K, type Placed, writeEntry, writeGroupIndex } from "./group-index.ts";
import { type TextPlace, writeTextHeap } from "./text-heap.ts";
import type { Hdf5WriteAttribute, Hdf5WriteDataset, Hdf5WriteGroup } from "./tree.ts";
import { contiguousLayout, encode, heapTexts, normalize } from "./values.ts";

const SUPERBLOCK_SIZE = 96;
/** A message's length is 16 bits, rounded down to a multiple of 8. */
const MAX_MESSAGE = 65528;

type Attributes = Readonly<Record<string, Hdf5WriteAttribute>>;

/**
 * Writes a tree of groups and datasets as an HDF5 file that every HDF5 library since 1.0 reads: superblock 0, old-style
 * groups, contiguous little-endian data, attributes in the object headers.
 *
 * @throws FormatError if a value does not fit its shape, a name is impossible, or an attribute other than
 * variable-length text takes more than 64 KB
 * @example
 * writeHdf5({
 *   attributes: { layer_names: ["lstm"], model_config: { kind: "vlen", value: json } },
 *   children: new Map([["kernel", { shape: [2, 3], data: new Float32Array(6) }]]),
 * });
 */
export function writeHdf5(root: Hdf5WriteGroup): Uint8Array {
  const image = new Image(SUPERBLOCK_SIZE);
  const places = writeTextHeap(image, allHeapTexts(root));
  const placed = writeGroup(image, places, root, "/");
  image.place(0, superblock(placed, image.end));
  return image.done();
}

function* allHeapTexts(node: Hdf5WriteGroup | Hdf5WriteDataset): Iterable<string> {
  for (const value of Object.values(attributesOf(node))) yield* heapTexts(normalize(value));
  if ("children" in node) for (const child of node.children.values()) yield* allHeapTexts(child);
  else yield* heapTexts(normalize(node));
}

/** The node's attributes, and for bfloat16 the one by which Keras knows it. */
function attributesOf(node: Hdf5WriteGroup | Hdf5WriteDataset): Attributes {
  const own = node.attributes ?? {};
  return "dtype" in node && node.dtype === "bfloat16" ? { dtype: { kind: "vlen", value: "bfloat16" }, ...own } : own;
}

function writeGroup(image: Image, places: ReadonlyMap<string, TextPlace>, node: Hdf5WriteGroup, path: string): Placed {
  const placed = new Map<string, Placed>();
  for (const [name, child] of node.children) {
    const childPath = `${path === "/" ? "" : path}/${name}`;
    if (name === "" || name === "." || /[/\0]/.test(name)) {
      throw new FormatError(`HDF5 file: ${JSON.stringify(childPath)} is not a possible name`);
    }
    const write = "children" in child ? writeGroup(image, places, child, childPath) : undefined;
    placed.set(name, write ?? writeDataset(image, places, child as Hdf5WriteDataset, childPath));
  }
  const group = writeGroupIndex(image, placed);
  const messages = [{ type: MESSAGE.symbolTable, body: new Fields().u64(group.tree).u64(group.heap).done() }];
  return { header: writeHeader(image, places, messages, attributesOf(node), path), group };
}

function writeDataset(
  image: Image,
  places: ReadonlyMap<string, TextPlace>,
  dataset: Hdf5WriteDataset,
  path: string,
): Placed {
  const { datatype, dataspace, data } = encode(normalize(dataset), places, path);
  const address = data.length > 0 ? image.add(data) : undefined;
  const messages = [
    { type: MESSAGE.dataspace, body: dataspace },
    { type: MESSAGE.datatype, body: datatype },
    // Space allocated late, fill value written if set, default value.
    { type: MESSAGE.fill, body: new Fields().u8(2, 2, 2, 1).u32(0).done() },
    { type: MESSAGE.layout, body: contiguousLayout(address, data.length) },
  ];
  return { header: writeHeader(image, places, messages, attributesOf(dataset), path) };
}

function writeHeader(
  image: Image,
  places: ReadonlyMap<string, TextPlace>,
  own: { type: number; body: Uint8Array }[],
  attributes: Attributes,
  path: string,
): number {
  const messages = [...own];
  for (const [name, value] of Object.entries(attributes)) {
    const what = `attribute ${name} of ${path}`;
    const body = attributeMessage(name, value, places, what);
    if (body.length > MAX_MESSAGE) {
      throw new FormatError(`HDF5 file: ${what} takes ${body.length} bytes; 64 KB is the limit: split it, or use vlen`);
    }
    messages.push({ type: MESSAGE.attribute, body });
  }
  const fields = new Fields();
  for (const { type, body } of messages) {
    const size = Math.ceil(body.length / 8) * 8;
    fields.u16(type).u16(size).u32(0).bytes(body).pad8();
  }
  const header = new Fields().u8(1, 0).u16(messages.length).u32(1).u32(fields.length).u32(0).bytes(fields.done());
  return image.add(header.done());
}

/** Version 1, where each part is padded to a multiple of 8. */
function attributeMessage(
  name: string,
  value: Hdf5WriteAttribute,
  places: ReadonlyMap<string, TextPlace>,
  what: string,
): Uint8Array {
  const { datatype, dataspace, data } = encode(normalize(value), places, what);
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const fields = new Fields().u8(1, 0).u16(nameBytes.length).u16(datatype.length).u16(dataspace.length);
  return fields.bytes(nameBytes).pad8().bytes(datatype).pad8().bytes(dataspace).pad8().bytes(data).done();
}

function superblock(root: Placed, end: number): Uint8Array {
  const fields = new Fields().u8(0x89).ascii("HDF\r\n").u8(0x1a).ascii("\n");
  fields.u8(0, 0, 0, 0, 0, 8, 8, 0).u16(LEAF_K).u16(INTERNAL_K).u32(0);
  fields.u64(0).u64(UNDEFINED).u64(end).u64(UNDEFINED);
  writeEntry(fields, 0, root);
  return fields.done();
}
