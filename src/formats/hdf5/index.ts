export type { Hdf5Attributes, Hdf5AttributeValue } from "./attributes.ts";
export type { Hdf5Dataset } from "./dataset.ts";
export type { Hdf5Dtype } from "./datatype.ts";
export type { Hdf5Group } from "./group.ts";
export { openHdf5 } from "./open.ts";
export { findSuperblock } from "./superblock.ts";
export type { Hdf5Values } from "./values.ts";
