import type { Hdf5Group } from "../../hdf5/index.ts";

/** More pieces than any file has; stops a hostile one. */
const MAX_CHUNKS = 100_000;

/**
 * A list of names in an attribute, which Keras splits over `name0`, `name1` … when it is long. `undefined` if there is
 * none; padding is stripped.
 */
export function readNames(group: Hdf5Group, attribute: string): string[] | undefined {
  const { attributes } = group;
  if (attributes.has(attribute)) return asNames(attributes.get(attribute));
  if (!attributes.has(`${attribute}0`)) return undefined;
  const names: string[] = [];
  for (let i = 0; i < MAX_CHUNKS && attributes.has(`${attribute}${i}`); i++) {
    names.push(...asNames(attributes.get(`${attribute}${i}`)));
  }
  return names;
}

function asNames(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === "string").map(clean);
}

/** An attribute that is a text; "" if it is absent or something else. */
export function readText(group: Hdf5Group, attribute: string): string {
  const value = group.attributes.has(attribute) ? group.attributes.get(attribute) : undefined;
  const text = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof text === "string" ? clean(text) : "";
}

function clean(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\0" || text[end - 1] === " ")) end--;
  return text.slice(0, end);
}
