import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { OptionError, RnnWasmError } from "../platform/node.ts";
import { CONVERT_FORMATS, type ConvertFlags, convert } from "./convert.ts";
import { inspection, inspectionText } from "./inspect.ts";
import { type Io, UsageError } from "./io.ts";
import { type OpenFlags, openModel } from "./open-model.ts";
import { type PredictFlags, predict } from "./predict.ts";
import { type TrainFlags, train } from "./train.ts";
import { verify } from "./verify.ts";

/** 0: fine. 1: bad model or data. 2: called wrongly. */
export type ExitCode = 0 | 1 | 2;

/**
 * Runs the command line `rnn-wasm …`.
 *
 * @param args - Without the program's name.
 * @returns The exit code; the reason for 1 and 2 is one line on standard error.
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await program(io).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has written its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.stderr.write(`rnn-wasm: ${oneLine(error)}\n`);
    return error instanceof UsageError || error instanceof OptionError ? 2 : 1;
  }
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const known = error instanceof RnnWasmError || error instanceof UsageError;
  return (known ? text : `internal error, please report it: ${text}`).replaceAll(/\s*\n\s*/g, " ");
}

function program(io: Io): Command {
  const root = new Command("rnn-wasm")
    .description("Runs Keras recurrent models: .keras, .h5 of every era, TF.js layers, and rnn-wasm's own format.")
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) =>
        write(
          `rnn-wasm: ${text
            .replace(/^error: /, "")
            .trim()
            .replaceAll(/\s*\n\s*/g, " ")}\n`,
        ),
    })
    .addHelpText("after", "\nExit codes: 0 fine, 1 bad model or data, 2 called wrongly.");
  inspectCommand(root, io);
  predictCommand(root, io);
  verifyCommand(root, io);
  convertCommand(root, io);
  trainCommand(root, io);
  return root;
}

/** The options of every command that opens a model of Keras'. */
function loading(command: Command): Command {
  return command
    .option("-w, --weights <file>", "the weights, where MODEL is an architecture alone (model.to_json() or to_yaml())")
    .option("--by-name", "give weights to layers by name, and leave out those of other layers")
    .option(
      "--until <layer>",
      "load the model up to this layer, whose output becomes its own; repeat it for several",
      collect,
    );
}

const MODEL = "a .keras, .h5 or model.json file, a folder with a model.json, or a URL";

function inspectCommand(root: Command, io: Io): void {
  loading(root.command("inspect"))
    .description("Shows layers, shapes, parameters, the file's era and the numeric rules that follow from it.")
    .argument("<model>", MODEL)
    .option("--json", "as JSON")
    .addOption(buildOption())
    .addHelpText(
      "after",
      examples(
        "inspect model.h5",
        "inspect model.keras --json | jq .layers",
        "inspect model.json --weights weights.h5",
      ),
    )
    .action(async (source: string, flags: OpenFlags & { json?: boolean }) => {
      const model = await openModel(source, flags);
      try {
        io.stdout.write(flags.json ? `${JSON.stringify(inspection(model), null, 2)}\n` : inspectionText(model));
      } finally {
        model.dispose();
      }
    });
}

function predictCommand(root: Command, io: Io): void {
  loading(root.command("predict"))
    .description("Computes a model's outputs. Without --output they are printed as JSON.")
    .argument("<model>", MODEL)
    .requiredOption(
      "-i, --input <file>",
      ".npy, .npz or JSON, - for standard input; repeat it for several inputs, in order or as name=file",
      collect,
    )
    .option("-o, --output <file>", ".npy, .npz or .json")
    .option("--batch-size <rows>", "rows computed at a time (256); results do not depend on it", wholeNumber)
    .option("-f, --force", "overwrite the output")
    .addOption(buildOption())
    .addHelpText(
      "after",
      examples(
        "predict model.keras --input x.npy --output y.npy",
        "predict model.h5 --input left=a.npy --input right=b.npy",
        "predict ctc-training.h5 --until softmax --input x.npy",
        "echo '[[1, 14, 22]]' | rnn-wasm predict models/sentiment --input -",
      ),
    )
    .action((source: string, flags: PredictFlags) => predict(source, flags, io));
}

function verifyCommand(root: Command, io: Io): void {
  loading(root.command("verify"))
    .description("Recomputes the input/output pair that a model in rnn-wasm's format carries.")
    .argument("<model>", MODEL)
    .addOption(buildOption())
    .addHelpText("after", examples("verify models/sentiment"))
    .action((source: string, flags: OpenFlags) => verify(source, flags, io));
}

function convertCommand(root: Command, io: Io): void {
  loading(root.command("convert"))
    .description("Writes a model in rnn-wasm's format (model.json and weights.safetensors) or for Keras.")
    .argument("<model>", MODEL)
    .argument("<out>", "a folder or a .json file (rnn-wasm, tfjs), a .keras or an .h5 file")
    .addOption(new Option("--format <format>", "by default what OUT's ending says").choices(CONVERT_FORMATS))
    .addOption(new Option("--dtype <dtype>", "how rnn-wasm's format stores weights").choices(["float32", "float16"]))
    .addOption(
      new Option(
        "--quantize <dtype>",
        "int8: a quarter of the bytes, on disk and in memory; float16: half on disk",
      ).choices(["int8", "float16"]),
    )
    .option(
      "--samples <file>",
      "inputs to report the rounded or approximated model's accuracy on; repeat it for several inputs",
      collect,
    )
    .option(
      "--verify-input <file>",
      "stores this input and the model's output for verify; repeat it for several",
      collect,
    )
    .option("--approximate", "write what Keras cannot express as the nearest thing it can, and say so")
    .addOption(
      new Option("--keras <major>", "which Keras an .h5 is for: 1, or 2 and tf.keras (2)")
        .choices(["1", "2"])
        .argParser((text) => choiceOf(text, [1, 2])),
    )
    .addOption(
      new Option("--backend <backend>", "with --keras 1: whose convolutions the kernels are for").choices([
        "theano",
        "tensorflow",
      ]),
    )
    .option("-f, --force", "overwrite files that exist")
    .addHelpText(
      "after",
      examples(
        "convert model.keras models/mine",
        "convert old.h5 models/small --dtype float16 --verify-input x.npy",
        "convert model.keras models/small --quantize int8 --samples x.npy",
        "convert keras-1.h5 repaired.keras",
        "convert model.keras old.h5 --keras 1",
      ),
    )
    .action((source: string, out: string, flags: ConvertFlags) => convert(source, out, flags, io));
}

const CONFIG = `
The config is a JSON file; paths in it begin at its folder:
  model       a model's file (fine-tuning), an architecture of Keras (model.to_json()), or a list of layers:
              [{"className": "LSTM", "units": 32, "inputShape": [20, 4]}, {"className": "Dense", "units": 1}]
  data        {"x": ..., "y": ..., "sampleWeight": ...}; each a .npy, .npz, .csv or .json file, or
              {"file": "d.npz", "array": "x"}, {"file": "d.csv", "columns": ["a", "b"], "shape": [2, 1]},
              or one of these per input: {"left": "a.npy", "right": "b.npy"}
  validation  the same, for val_loss; test: the same, evaluated at the end
  compile     {"optimizer": "adam", "loss": "mse", "metrics": ["accuracy"]}; by default what the model's file holds
  fit         {"batchSize": 32, "epochs": 5, "validationSplit": 0.1, "shuffle": true, ...}
  callbacks   ["TerminateOnNaN", {"EarlyStopping": {"patience": 2}}, ...]
  checkpoint  "run.checkpoint" or {"file": ..., "everyBatches": 100}: what --resume goes on from
  output      a .keras or .h5 file, or a folder
  seed        0; trainable: {"embedding": false} keeps layers as they are`;

function trainCommand(root: Command, io: Io): void {
  root
    .command("train")
    .description("Trains the model that a config file describes, and writes it.")
    .argument("<config>", "a JSON file")
    .option("--resume", "go on from the config's checkpoint, bit for bit")
    .option("-f, --force", "overwrite the output and the checkpoint")
    .addOption(
      new Option("--verbose <level>", "0 silent, 1 a progress bar, 2 a line an epoch")
        .choices(["0", "1", "2"])
        .argParser((text) => choiceOf(text, [0, 1, 2]))
        .default(1),
    )
    .addOption(buildOption())
    .addHelpText("after", CONFIG)
    .addHelpText("after", examples("train config.json", "train config.json --resume --verbose 2"))
    .action((path: string, flags: TrainFlags) => train(path, flags, io));
}

function buildOption(): Option {
  const option = new Option("--build <build>", "which kernels run; by default relaxed where it computes right");
  option.choices(["simd", "relaxed"]);
  return mayRead("RNN_WASM_BUILD") ? option.env("RNN_WASM_BUILD") : option;
}

/** Deno asks for leave to read a variable, and throws without it. */
function mayRead(variable: string): boolean {
  try {
    Reflect.get(process.env, variable);
    return true;
  } catch {
    return false;
  }
}

function examples(...lines: string[]): string {
  const full = lines.map((line) => (line.includes("rnn-wasm") ? line : `rnn-wasm ${line}`));
  return `\nExamples:\n${full.map((line) => `  $ ${line}`).join("\n")}`;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number ≥ 1.");
  return value;
}

function choiceOf<T extends number>(text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => String(choice) === text);
  if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
  return found;
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
