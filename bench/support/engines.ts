import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Miniflare } from "miniflare";
import { type BrowserName, browserPath, bundleForPage, launch, pageOf, serve } from "./browsers.ts";
import { benchRoot, packageRoot } from "./root.ts";

/** By case and way: a hash of the outputs' bits, or an error's text. */
export type EngineResults = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What an engine answers. */
export interface EngineAnswer {
  readonly results: EngineResults;
  /** The build that it takes by itself; the results are of simd. */
  readonly build: string;
}

/** An engine of this machine. */
export interface FoundEngine {
  readonly name: string;
  run(cases: EngineFile): Promise<EngineAnswer & { readonly version: string }>;
}

/** The cases as a file and as its content. */
export interface EngineFile {
  readonly path: string;
  readonly text: string;
}

const execute = promisify(execFile);
const PATIENCE_MS = 120_000;

/** A program by the variable that names it, or on the PATH. */
function programs(variable: string, name: string): string[] {
  const named = process.env[variable]?.split(delimiter) ?? [];
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
  return [...named, ...found.filter((path) => existsSync(path)).slice(0, 1)].filter((path) => existsSync(path));
}

function commandLine(name: string, path: string, options: readonly string[] = []): FoundEngine {
  const host = fileURLToPath(new URL("engines/host.mjs", benchRoot));
  return {
    name,
    async run(cases) {
      const version = await execute(path, ["--version"]);
      const answer = await execute(path, [...options, host, cases.path], { timeout: PATIENCE_MS, maxBuffer: 1e7 });
      const number = /\d+\.\d+\.\d+/.exec(version.stdout)?.[0] ?? "";
      return { ...(JSON.parse(answer.stdout) as EngineAnswer), version: number };
    },
  };
}

function inBrowser(name: BrowserName): FoundEngine {
  return {
    name,
    async run(cases) {
      const files = new Map([
        ["/", pageOf("/dist/platform/page.js")],
        // Beside the workers' code, which it finds by its own address.
        ["/dist/platform/page.js", await bundleForPage("engines/page.mjs")],
        ["/cases.json", new TextEncoder().encode(cases.text)],
      ]);
      const { address, close } = await serve(files, { "/dist/": new URL("dist/", packageRoot) });
      const browser = await launch(name);
      try {
        const page = await browser.newPage();
        await page.goto(address);
        await page.waitForFunction("typeof runAll === 'function'", { timeout: PATIENCE_MS });
        const answer = (await page.evaluate("runAll()")) as EngineAnswer;
        return { ...answer, version: /\d+\.\d+/.exec(await browser.version())?.[0] ?? "" };
      } finally {
        await browser.close();
        close();
      }
    },
  };
}

const workerd: FoundEngine = {
  name: "workerd",
  async run(cases) {
    const host = new Miniflare({
      cf: false,
      compatibilityDate: "2025-06-01",
      modules: [
        {
          type: "ESModule",
          path: "main.mjs",
          contents: new TextDecoder().decode(await bundleForPage("engines/workerd.mjs")),
        },
        {
          type: "CompiledWasm",
          path: "rnn-wasm/simd.wasm",
          contents: readFileSync(new URL("dist/simd.wasm", packageRoot)),
        },
      ],
    });
    try {
      const response = await host.dispatchFetch("http://localhost/", { method: "POST", body: cases.text });
      const text = await response.text();
      if (!response.ok) throw new Error(text.slice(0, 500));
      const { version } = JSON.parse(readFileSync(new URL("node_modules/workerd/package.json", packageRoot), "utf8"));
      return { ...(JSON.parse(text) as EngineAnswer), version: String(version) };
    } finally {
      await host.dispose();
    }
  },
};

/**
 * The engines of this machine: Node (this one, and those that the variable NODES names), Bun and Deno (on the PATH, or
 * named by BUN and DENO), Chromium and Firefox (the usual places, CHROMIUM, FIREFOX), workerd.
 *
 * @returns `absent`: what was looked for in vain.
 */
export function findEngines(): { found: FoundEngine[]; absent: string[] } {
  const found: FoundEngine[] = [commandLine("Node", process.execPath)];
  const absent: string[] = [];
  for (const path of process.env["NODES"]?.split(delimiter) ?? []) found.push(commandLine("Node", path));
  for (const [name, options] of [
    ["Bun", []],
    ["Deno", ["run", "--allow-all", "--no-remote"]],
  ] as const) {
    const [path] = programs(name.toUpperCase(), name.toLowerCase());
    if (path) found.push(commandLine(name, path, options));
    else absent.push(name);
  }
  for (const name of ["chromium", "firefox"] as const) {
    if (browserPath(name)) found.push(inBrowser(name));
    else absent.push(name);
  }
  found.push(workerd);
  return { found, absent };
}
