import { findSuperblock } from "./hdf5/index.ts";
import { isZip } from "./zip.ts";

/** What a file is by its content. */
export type FileKind = "zip" | "hdf5" | "json" | "yaml" | "unknown";

/** Tells a file's kind by its first bytes, whatever it is called. */
export function sniff(bytes: Uint8Array): FileKind {
  if (isZip(bytes)) return "zip";
  if (findSuperblock(bytes) >= 0) return "hdf5";
  const head = new TextDecoder().decode(bytes.subarray(0, 4096)).replace(/^\uFEFF/, "");
  if (/^\s*\{/.test(head)) return "json";
  // JSON inside a JSON string, which is YAML too.
  if (/^\s*"\s*\{/.test(head)) return "yaml";
  if (!head.includes("\0") && /^(class_name|config|backend|keras_version)\s*:/m.test(head)) return "yaml";
  return "unknown";
}
