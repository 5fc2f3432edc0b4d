import { FormatError } from "../platform/node.ts";
import type { Io } from "./io.ts";
import { type OpenFlags, openModel } from "./open-model.ts";

/** `rnn-wasm verify MODEL`: recomputes the stored pair and looks for numbers that are none. */
export async function verify(source: string, flags: OpenFlags, io: Io): Promise<void> {
  const model = await openModel(source, flags);
  try {
    const broken = model.getWeights().filter(({ data }) => !(data as Float32Array).every(Number.isFinite)).length;
    if (broken > 0) throw new FormatError(`${source}: ${broken} weights hold NaN or infinity; the model is damaged.`);
    const result = model.verify();
    if (!result) {
      io.stdout.write(
        `${source}: loads, all weights are finite. It carries no input/output pair, so that no output was checked; convert --verify-input stores one.\n`,
      );
      return;
    }
    const { ok, maxDifference, elements } = result;
    const found = `largest difference ${maxDifference.toExponential(1)} over ${elements} outputs, ${model.runtime.build} build`;
    if (!ok) throw new FormatError(`${source} does not reproduce its stored outputs: ${found}.`);
    io.stdout.write(`${source}: reproduces its stored outputs (${found}).\n`);
  } finally {
    model.dispose();
  }
}
