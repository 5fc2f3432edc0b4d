// The program in a page.
import * as library from "../../dist/platform/browser.js";
import * as training from "../../dist/platform/training-browser.js";
import { runProgram } from "./program.mjs";

globalThis.runAll = async () => runProgram(library, training, await (await fetch("/cases.json")).json());
