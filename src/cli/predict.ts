import type { Model, PredictOptions, Tensor } from "../platform/node.ts";
import type { Io } from "./io.ts";
import { type OpenFlags, openModel } from "./open-model.ts";
import { createProgress } from "./progress.ts";
import { readInputFiles } from "./read-inputs.ts";
import { refuseExisting, writeFileAtomically } from "./write-file.ts";
import { checkOutputName, outputFile, outputsToJson } from "./write-outputs.ts";

/** Options of `rnn-wasm predict`. */
export interface PredictFlags extends OpenFlags {
  readonly input: readonly string[];
  readonly output?: string;
  readonly batchSize?: number;
  readonly force?: boolean;
}

/** Every output of one call, as a list whatever their number. */
export function outputsOf(model: Model, x: Parameters<Model["predict"]>[0], options?: PredictOptions): Tensor[] {
  const y: Tensor | readonly Tensor[] = model.predict(x, options);
  return Array.isArray(y) ? [...y] : [y as Tensor];
}

/** `rnn-wasm predict MODEL --input … [--output …]` */
export async function predict(source: string, flags: PredictFlags, io: Io): Promise<void> {
  if (flags.output !== undefined) {
    checkOutputName(flags.output);
    refuseExisting(flags.output, flags.force ?? false);
  }
  const model = await openModel(source, flags);
  const progress = await createProgress(io);
  try {
    const x = await readInputFiles(flags.input, model.inputs, io);
    const outputs = outputsOf(model, x, {
      ...(flags.batchSize !== undefined && { batchSize: flags.batchSize }),
      onProgress: (done, rows) => progress.update(done, rows),
    });
    progress.stop();
    if (flags.output === undefined) io.stdout.write(outputsToJson(outputs));
    else await writeFileAtomically(flags.output, outputFile(flags.output, outputs));
  } finally {
    progress.stop();
    model.dispose();
  }
}
