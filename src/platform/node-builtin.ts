import { EngineError } from "../errors.ts";

/**
 * A module of Node's by name, loaded when it is asked for. An import of "node:fs" first builds a facade of everything in
 * it, which costs a start two milliseconds in Node 24; and bundles for Node need no `import.meta.url` for this.
 *
 * @throws {EngineError} In Node before 20.16 and 22.3.
 */
export function builtin<Module>(name: string): Module {
  const module = process.getBuiltinModule?.(name) as Module | undefined;
  if (module) return module;
  throw new EngineError(
    `rnn-wasm needs Node 20.16, 22.3 or newer (process.getBuiltinModule); this is ${process.version}.`,
  );
}
