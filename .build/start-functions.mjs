// Marks the functions that a first prediction calls, so that an engine reads them once.
import { readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseAst } from "rolldown/parseAst";

/**
 * Loads a model with a built package, predicts once, and rewrites the files whose functions were called meanwhile.
 *
 * @param entry - Path of the package's entry for Node.
 * @param model - Path of a model that takes ids, [any, n].
 */
export async function markStart(entry, model) {
  const here = pathToFileURL(entry);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  const { loadModel } = await import(here.href);
  const loaded = await loadModel(model);
  const [, steps] = loaded.inputs[0].shape;
  loaded.predict({ data: new Int32Array(steps), shape: [1, steps] });
  loaded.dispose();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  for (const { url, functions } of result) {
    if (!url.startsWith(new URL(".", here).href)) continue;
    const called = functions.filter(({ ranges }) => ranges[0].count > 0);
    const names = new Map(called.map(({ functionName, ranges }) => [ranges[0].endOffset, functionName]));
    const path = fileURLToPath(url);
    const code = marked(readFileSync(path, "utf8"), ({ id, end }) => names.get(end) === id.name);
    writeFileSync(path, code);
  }
}

/**
 * V8 reads a function twice, for its end and again when it is called; one in parentheses, which it guesses will be called
 * soon, once. In parentheses it is there only when its line has run, so that all functions go before everything else; in
 * their old order, which compresses best.
 */
function marked(code, isCalled) {
  const functions = parseAst(code).body.filter(({ type }) => type === "FunctionDeclaration");
  let first = "";
  let rest = "";
  let at = 0;
  for (const node of functions) {
    const text = code.slice(node.start, node.end);
    first += isCalled(node) ? `var ${node.id.name}=(${text});\n` : `${text}\n`;
    rest += code.slice(at, node.start);
    at = node.end;
  }
  return first + rest + code.slice(at);
}
