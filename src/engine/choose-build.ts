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

/** True if the kernels' own instructions compute right on this engine. */
export function selfTest({ functions }: LoadedModule): boolean {
  return functions["selfTest"]?.(1) === 1;
}
