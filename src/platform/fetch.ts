import type { OpenedFile } from "../api/source.ts";
import { FormatError } from "../errors.ts";

/** A file name from a model JSON, refused if it leads out of the model's folder. */
export function siblingName(name: string): string {
  if (/^[/\\]|^[a-z]+:|(^|[/\\])\.\.([/\\]|$)/i.test(name)) {
    throw new FormatError(
      `The model names the weights file ${JSON.stringify(name)}, which lies outside its folder; that is refused.`,
    );
  }
  return name;
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new FormatError(`${url} cannot be fetched (${String(cause)}).`, { cause });
  }
  if (!response.ok) throw new FormatError(`${url} cannot be fetched: HTTP ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Opens a URL; a folder's URL ends in "/" and means its `model.json`. */
export async function openUrl(url: string): Promise<OpenedFile> {
  const file = url.endsWith("/") ? `${url}model.json` : url;
  return {
    bytes: await fetchBytes(file),
    name: file,
    sibling: (name) => fetchBytes(new URL(siblingName(name), file).href),
  };
}
