import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type * as Esbuild from "esbuild";
import puppeteer, { type Browser } from "puppeteer-core";
import { benchRoot, packageRoot } from "./root.ts";

/** A browser that can be driven. */
export type BrowserName = "chromium" | "firefox";

const PLACES: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
};

/** The browser's program: what the variable CHROMIUM or FIREFOX names, or the usual place; undefined if there is none. */
export function browserPath(name: BrowserName): string | undefined {
  return process.env[name.toUpperCase()] ?? PLACES[name].find((path) => existsSync(path));
}

/**
 * Starts the browser without a window.
 *
 * @throws {Error} If it is not installed.
 */
export function launch(name: BrowserName): Promise<Browser> {
  const executablePath = browserPath(name);
  if (!executablePath) {
    throw new Error(`No ${name} was found: install it, or name its program in the variable ${name.toUpperCase()}.`);
  }
  const isChromium = name === "chromium";
  const quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
  return puppeteer.launch({
    browser: isChromium ? "chrome" : "firefox",
    executablePath,
    args: isChromium ? ["--no-sandbox", ...quiet] : [],
    protocolTimeout: 300_000,
  });
}

/** Bundles a program of bench/ for a page or an edge runtime, which must bring `.wasm` files itself. */
export async function bundleForPage(entry: string): Promise<Uint8Array> {
  const esbuild = createRequire(new URL("package.json", packageRoot))("esbuild") as typeof Esbuild;
  const result = await esbuild.build({
    entryPoints: [fileURLToPath(new URL(entry, benchRoot))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["node:*", "*.wasm"],
    nodePaths: [fileURLToPath(new URL("peers/node_modules", benchRoot))],
    logLevel: "error",
  });
  return result.outputFiles[0]!.contents;
}

/** A page that runs one script. */
export function pageOf(script: string): Uint8Array {
  return new TextEncoder().encode(`<!doctype html><title>bench</title><script type="module" src="${script}"></script>`);
}

const TYPES: Readonly<Record<string, string>> = {
  "": "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
  json: "application/json",
};

/**
 * A server on this machine only, whose pages are cross-origin isolated.
 *
 * @param files - By path, "/" first; may change while it runs.
 * @param folders - By what their paths begin with ("/ort/"): folders whose files are served.
 */
export async function serve(
  files: ReadonlyMap<string, Uint8Array>,
  folders: Readonly<Record<string, URL>> = {},
): Promise<{ address: string; close(): void }> {
  const server = createServer(({ url = "/" }, response) => {
    const path = url.split("?")[0]!;
    const [prefix, folder] = Object.entries(folders).find(([start]) => path.startsWith(start)) ?? [];
    const name = path.slice(prefix?.length);
    const local = /^[\w./-]+$/.test(name) && !name.includes("..") && folder ? new URL(name, folder) : undefined;
    const bytes = files.get(path) ?? (local && existsSync(local) ? readFileSync(local) : undefined);
    response.writeHead(bytes ? 200 : 404, {
      "content-type": TYPES[/\.(\w+)$/.exec(path)?.[1] ?? (path === "/" ? "" : "bin")] ?? "application/octet-stream",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A process and all that descend from it, by /proc; only itself where the system does not say. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const parent = parentOf(Number(name));
      if (parent !== undefined) parents.set(Number(name), parent);
    }
  } catch {
    return [root];
  }
  const found = [root];
  for (const process of found) for (const [child, parent] of parents) if (parent === process) found.push(child);
  return found;
}

/** The parent of a process; undefined if it has just ended. */
function parentOf(process: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${process}/stat`, "utf8");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
