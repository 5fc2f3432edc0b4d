import { countParameters, layerRows } from "../api/summary.ts";
import type { Model, OpenShape } from "../platform/node.ts";

/** What `inspect` tells, as `--json` prints it. */
export function inspection(model: Model) {
  const { origin, profile, runtime } = model;
  const layers = layerRows(model.inference).map(({ name, className, outputShapes, parameters }) => ({
    name,
    className,
    outputShapes: outputShapes ?? null,
    parameters,
  }));
  return {
    name: model.name,
    format: origin.format,
    era: profile.era,
    kerasVersion: origin.kerasVersion,
    inputs: model.inputs.map(({ name, shape, dtype }) => ({ name, shape: shape ?? null, dtype })),
    outputs: model.outputs ?? null,
    stateful: model.inference.stateful,
    layers,
    parameters: countParameters(model.inference.root),
    profile,
    notes: origin.notes,
    carriesVerifyPair: origin.verifyPair !== undefined,
    carriesTrainingConfig: origin.trainingConfig !== undefined,
    runtime: { build: runtime.build, why: runtime.why },
  };
}

/** The same for people. */
export function inspectionText(model: Model): string {
  const facts = inspection(model);
  const shape = (value: OpenShape | null) => (value ? `[${value.map((n) => n ?? "any").join(", ")}]` : "[any]");
  const rows = facts.layers.map((layer) => [
    layer.name,
    layer.className,
    layer.outputShapes?.map(shape).join(", ") ?? "known at the first call",
    layer.parameters.toLocaleString("en-US"),
  ]);
  const flags = Object.entries(facts.profile).filter(([key]) => key !== "era" && key !== "version");
  const version = facts.kerasVersion ? `Keras ${facts.kerasVersion}` : "Keras version not in the file";
  return [
    `${facts.name}: ${facts.format}, ${version}, read as ${facts.era}`,
    "",
    ...table(["Layer", "Class", "Output shape", "Parameters"], rows),
    "",
    ...facts.inputs.map((input) => `input   ${input.name} ${shape(input.shape)} ${input.dtype}`),
    ...(facts.outputs ?? []).map((output) => `output  ${shape(output.shape)} ${output.dtype}`),
    `parameters  ${facts.parameters.toLocaleString("en-US")}`,
    ...(facts.stateful ? ["stateful: states live on from call to call"] : []),
    ...(facts.carriesVerifyPair ? ["carries an input/output pair: rnn-wasm verify recomputes it"] : []),
    "",
    "numbers follow:",
    ...flags.map(([key, value]) => `  ${key}: ${String(value)}`),
    ...(facts.notes.length > 0 ? ["", "repaired or assumed:", ...facts.notes.map((note) => `  ${note}`)] : []),
    "",
    `kernels: ${facts.runtime.build} (${facts.runtime.why})`,
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const last = head.length - 1;
  return cells.map((row) =>
    row.map((cell, i) => (i === last ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  "),
  );
}
