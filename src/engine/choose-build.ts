import { EngineError } from "../errors.ts";
import { type Build, compileIfSupported, instantiate, type LoadedModule } from "./load-module.ts";

/** Which kernels run and why. */
export interface BuildChoice {
  readonly build: Build;
  /** One sentence for people. */
  readonly why: string;
}

let automatic: BuildChoice | undefined;
let preferred: BuildChoice | undefined;

/**
 * Makes a build the default of this process, for test runs that must cover one build.
 *
 * @param why - One sentence for `runtimeInfo()`.
 * @throws {EngineError} If the build does not run here.
 */
export function preferBuild(build: Build, why: string): void {
  preferred = { ...chooseBuild(build), why };
}

/**
 * Picks the build: a forced one, else `relaxed` if that very module validates and computes right, else `simd`.
 *
 * Validation alone is not enough: WebKit accepts some relaxed opcodes and lacks others, and Node 20 with its flag
 * computes a relaxed dot product wrongly.
 *
 * @throws {EngineError} If a forced build does not run here.
 */
export function chooseBuild(forced?: Build): BuildChoice {
  if (forced !== undefined && forced !== "simd" && forced !== "relaxed") {
    throw new EngineError(`The option \`build\` must be "simd" or "relaxed"; got ${JSON.stringify(forced)}.`);
  }
  if (forced === undefined && preferred) return preferred;
  if (forced === "simd") return { build: "simd", why: "forced by the option build" };
  const fault = automatic && !forced ? undefined : relaxedFault();
  if (forced === "relaxed") {
    if (fault) throw new EngineError(`The option build: "relaxed" cannot be met: ${fault}. Leave it out to run simd.`);
    return { build: "relaxed", why: "forced by the option build" };
  }
  automatic ??= fault
    ? { build: "simd", why: fault }
    : { build: "relaxed", why: "the relaxed module validates and passed its self-test" };
  return automatic;
}

let relaxedTested: { fault: string | undefined } | undefined;

function relaxedFault(): string | undefined {
  relaxedTested ??= { fault: testRelaxed() };
  return relaxedTested.fault;
}

let spare: LoadedModule | undefined;

function testRelaxed(): string | undefined {
  const module = compileIfSupported("relaxed");
  if (!module) return "this engine has no relaxed SIMD";
  spare = instantiate(module);
  return selfTest(spare) ? undefined : "relaxed SIMD computes wrong numbers on this engine";
}

/** An instance of a build. The first relaxed one is that of the self-test, which would cost a start a second one. */
export function instanceOf(build: Build, module: WebAssembly.Module): LoadedModule {
  const tested = build === "relaxed" ? spare : undefined;
  if (tested) spare = undefined;
  return tested ?? instantiate(module);
}

/**
 * A small dense product with a known answer: five features, three units, exact in float32 whether multiply and add are
 * fused or not.
 */
export function selfTest({ functions, heapBase, memory }: LoadedModule): boolean {
  const { packedBytes, packKernel, denseForward } = functions;
  if (!packedBytes || !packKernel || !denseForward) return false;
  const features = 5;
  const units = 3;
  const source = (heapBase + 63) & ~63;
  const at = (slot: number) => source + slot * 4096;
  const f32 = new Float32Array(memory.buffer);
  const write = (slot: number, values: number[]) => f32.set(values, at(slot) >> 2);
  const kernel = Array.from({ length: features * units }, (_, i) => ((i * 7) % 11) - 5);
  const x = [1, -2, 3, -4, 5];
  const bias = [0.5, -0.25, 8];
  write(0, kernel);
  write(1, bias);
  write(2, x);
  packKernel(at(4), at(0), features, units, 1);
  packKernel(at(5), at(1), 1, units, 1);
  denseForward(at(3), units, at(2), features, at(4), at(5), 1, features, units, 0);
  const y = f32.slice(at(3) >> 2, (at(3) >> 2) + units);
  const exact = bias.every(
    (b, j) => y[j] === b + x.reduce((sum, value, k) => sum + value * (kernel[k * units + j] ?? 0), 0),
  );
  return exact && int8Test(functions, memory, at, kernel, units);
}

/** The same product with int8 weights and inputs that quantise exactly: a wrong dot product of bytes shows here. */
function int8Test(
  functions: Readonly<Record<string, (...args: number[]) => number>>,
  memory: WebAssembly.Memory,
  at: (slot: number) => number,
  kernel: readonly number[],
  units: number,
): boolean {
  const { packKernelInt8, denseForward } = functions;
  if (!packKernelInt8 || !denseForward) return false;
  const x = [63, -62, 31, -1, 7];
  const weights = kernel.map((value) => value * 25);
  new Int8Array(memory.buffer).set(weights, at(0));
  const f32 = new Float32Array(memory.buffer);
  f32.fill(0.5, at(1) >> 2, (at(1) >> 2) + units);
  f32.set(x, at(2) >> 2);
  packKernelInt8(at(6), at(0), at(1), x.length, units, 1);
  denseForward(at(3), units, at(2), x.length, at(6) + 1, 0, 1, x.length, units, 0);
  const y = f32.subarray(at(3) >> 2, (at(3) >> 2) + units);
  return y.every((got, j) => got === x.reduce((sum, value, k) => sum + value * (weights[k * units + j] ?? 0), 0) / 2);
}
