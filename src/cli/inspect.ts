import { parityNotes } from "../api/parity.ts";
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
    parity: parityNotes(model.inference.root),
    notes: origin.notes,
    carriesVerifyPair: origin.verifyPair !== undefined,
    carriesTrainingConfig: origin.trainingConfig !== undefined,
    runtime: { build: runtime.build, why: runtime.why },
  };
}

const ERAS: Readonly<Record<Model["profile"]["era"], string>> = {
  keras1: "Keras 1",
  keras2: "Keras 2",
  "tf-keras": "tf.keras",
  keras3: "Keras 3",
  tfjs: "TensorFlow.js",
};

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
  const version = facts.kerasVersion ? `Keras ${facts.kerasVersion}` : "Keras version not in the file";
  return [
    `${facts.name}: ${facts.format}, ${version}, computed as ${ERAS[facts.era]} does`,
    "",
    ...table(["Layer", "Class", "Output shape", "Parameters"], rows),
    "",
    ...facts.inputs.map((input) => `input   ${input.name} ${shape(input.shape)} ${input.dtype}`),
    ...(facts.outputs ?? []).map((output) => `output  ${shape(output.shape)} ${output.dtype}`),
    `parameters  ${facts.parameters.toLocaleString("en-US")}`,
    ...(facts.stateful ? ["stateful: states live on from call to call"] : []),
    ...(facts.carriesVerifyPair ? ["carries an input/output pair: rnn-wasm verify recomputes it"] : []),
    "",
    ...(facts.parity.length > 0
      ? ["unlike today's Keras, as the model's own Keras has it:", ...facts.parity.map((note) => `  ${note}`)]
      : ["no rule is known that today's Keras has otherwise for this model"]),
    "",
    "profile:",
    ...wrapped(
      Object.entries(facts.profile).flatMap(([key, value]) =>
        /^(era|version)$/.test(key) ? [] : [`${key}: ${value}`],
      ),
    ),
    ...(facts.notes.length > 0 ? ["", "repaired or assumed:", ...facts.notes.map((note) => `  ${note}`)] : []),
    "",
    `kernels: ${facts.runtime.build} (${facts.runtime.why})`,
    "",
  ].join("\n");
}

/** Items side by side in lines of a terminal's width. */
function wrapped(items: readonly string[]): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + item.length < 98) lines[lines.length - 1] = `${line}, ${item}`;
    else lines.push(`  ${item}`);
  }
  return lines;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const last = head.length - 1;
  return cells.map((row) =>
    row.map((cell, i) => (i === last ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  "),
  );
}
