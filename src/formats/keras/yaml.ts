import { parseDocument, visit } from "yaml";
import { FormatError } from "../../errors.ts";
import { checkJson, isObject, type JsonObject, parseJson } from "./safe-json.ts";
import { withPlainNumbers } from "./yaml-numpy.ts";

/** Aliases per file: Keras writes one per shared initialiser; a bomb has many more. */
const MAX_ALIASES = 1000;
const TUPLE = "tag:yaml.org,2002:python/tuple";

/**
 * Architecture YAML, as Keras 1 to tf.keras 2.2 wrote it. Python's tuples are lists, numpy's numbers are numbers; nothing else of Python
 * is taken.
 *
 * @throws {FormatError} If it is damaged or holds another Python object, which the message names.
 */
export function parseYaml(text: string, what: string): JsonObject {
  const document = parseDocument(text, { version: "1.2", logLevel: "silent", merge: false });
  try {
    withPlainNumbers(document);
  } catch (cause) {
    throw new FormatError(`${what} is damaged or hostile YAML (${String(cause)}).`, { cause });
  }
  visit(document, {
    Node(_, node) {
      const tag = "tag" in node ? node.tag : undefined;
      if (tag?.includes("python/") && tag !== TUPLE) {
        throw new FormatError(
          `${what} holds the Python object ${tag.replace("tag:yaml.org,2002:", "!!")}, which is never run. Save the architecture as JSON (model.to_json()) or the model as .h5.`,
        );
      }
    },
  });
  const [error] = document.errors;
  if (error) throw new FormatError(`${what} is not valid YAML (${error.message.split("\n")[0]}).`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw new FormatError(`${what} is damaged or hostile YAML (${String(cause)}).`, { cause });
  }
  // json.dump(model.to_json()) writes the text of the JSON as a JSON string, which is YAML too.
  const json = typeof value === "string" ? parseJson(value, what) : checkJson(value, what);
  if (!isObject(json)) throw new FormatError(`${what} is not a model's architecture: it holds no mapping.`);
  return json;
}
