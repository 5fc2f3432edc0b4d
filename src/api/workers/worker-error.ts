import * as errors from "../../errors.ts";
import { RnnWasmError } from "../../errors.ts";

/** The error that a worker has told of, as an instance of its class where that is one of this package's. */
export function workerError({ name, message }: { readonly name: string; readonly message: string }): RnnWasmError {
  const known = (errors as Record<string, unknown>)[name] as typeof RnnWasmError | undefined;
  return known ? new known(message) : new RnnWasmError(`In a worker: ${name}: ${message}`);
}
