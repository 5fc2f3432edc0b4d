import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import puppeteer, { type Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { ImdbEncoder, padSequences } from "../../src/text/index.ts";
import { type Installed, installPacked } from "../support/packed.ts";

const SENTIMENT = fileURLToPath(new URL("../../models/sentiment/", import.meta.url));
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const read = (name: string) => readFileSync(join(SENTIMENT, name));
const readJson = (name: string) => JSON.parse(read(name).toString("utf8"));

/** Ids of eight reviews, and the bits of Node's scores on the simd build. */
async function expectedBits(): Promise<{ ids: number[]; bits: number[] }> {
  const { encoding } = readJson("card.json");
  const encoder = new ImdbEncoder(readJson("vocabulary.json"), encoding);
  const texts = (readJson("reviews.json") as { text: string }[]).slice(0, 8).map(({ text }) => encoder.encode(text));
  const x = padSequences(texts, { maxlen: encoding.maxlen });
  const model = await loadModel(SENTIMENT, { build: "simd" });
  const { data } = model.predict(x);
  model.dispose();
  return {
    ids: [...(x.data as Int32Array)],
    bits: [...new Uint32Array(Float32Array.from(data as Float32Array).buffer)],
  };
}

const PREDICT = `
  const y = model.predict({ data: Int32Array.from(ids), shape: [ids.length / 100, 100] });
  const bits = [...new Uint32Array(y.data.slice().buffer)];
`;

describe("the packed package, bundled", () => {
  let installed: Installed;
  let expected: Awaited<ReturnType<typeof expectedBits>>;
  beforeAll(async () => {
    installed = installPacked();
    expected = await expectedBits();
  });
  afterAll(() => installed?.remove());

  /** Bundles a program of a user's with esbuild, as for a page. */
  async function bundle(contents: string): Promise<string> {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: installed.folder, loader: "js" },
      bundle: true,
      format: "esm",
      platform: "browser",
      write: false,
      logLevel: "error",
      plugins: [
        {
          name: "wasm-stays-a-file",
          setup: (setup) =>
            setup.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({
              path: `./${path.split("/").pop()}`,
              external: true,
            })),
        },
      ],
    });
    return outputFiles[0]!.text;
  }

  it("gives the bits of Node's simd build in Chromium", async (context) => {
    needChromium(context);
    const page = await bundle(`
      import { loadModel, runtimeInfo } from "rnn-wasm";
      globalThis.score = async (ids) => {
        const model = await loadModel("/model/", { build: "simd" });
        ${PREDICT}
        model.dispose();
        return { bits, why: runtimeInfo().why };
      };
    `);
    const server = await serve({
      "/": ["text/html", "<!doctype html><title>rnn-wasm</title><script type=module src=/main.js></script>"],
      "/main.js": ["text/javascript", page],
      "/model/model.json": ["application/json", read("model.json")],
      "/model/weights.safetensors": ["application/octet-stream", read("weights.safetensors")],
    });
    const browser = await openChromium();
    try {
      const tab = await browser.newPage();
      await tab.goto(server.url, { waitUntil: "load" });
      const result = await tab.evaluate(
        (ids) => (globalThis as unknown as { score(ids: number[]): Promise<{ bits: number[] }> }).score(ids),
        expected.ids,
      );
      expect(result.bits).toEqual(expected.bits);
    } finally {
      await browser.close();
      server.close();
    }
  });

  it("runs on workers in Chromium with the entry rnn-wasm/worker beside it, and names what lacks without", async (context) => {
    needChromium(context);
    const files: Record<string, [type: string, body: string | Buffer]> = {
      "/": ["text/html", "<!doctype html><title>rnn-wasm</title><script type=module src=/main.js></script>"],
      "/main.js": [
        "text/javascript",
        await bundle(`
          import { loadModel } from "rnn-wasm";
          globalThis.score = async (ids) => {
            const loaded = await loadModel("/model/", { build: "simd" });
            const model = loaded.parallel({ workers: 2, minimumWork: 0 });
            const x = { data: Int32Array.from(ids), shape: [ids.length / 100, 100] };
            try {
              const y = await model.predict(x);
              return [...new Uint32Array(y.data.slice().buffer)];
            } catch (error) {
              return error.name + ": " + error.message;
            }
          };
        `),
      ],
      "/model/model.json": ["application/json", read("model.json")],
      "/model/weights.safetensors": ["application/octet-stream", read("weights.safetensors")],
    };
    const server = await serve(files);
    const browser = await openChromium();
    try {
      const tab = await browser.newPage();
      const score = async () => {
        await tab.goto(server.url, { waitUntil: "load" });
        type Page = { score(ids: number[]): Promise<number[] | string> };
        return tab.evaluate((ids) => (globalThis as unknown as Page).score(ids), expected.ids);
      };
      expect(await score()).toMatch(/^EngineError: .*"rnn-wasm\/worker" as a file named worker-browser\.js/);
      files["/worker-browser.js"] = ["text/javascript", await bundle('import "rnn-wasm/worker";')];
      expect(await score()).toEqual(expected.bits);
    } finally {
      await browser.close();
      server.close();
    }
  });

  it("trains in a page that goes on with its other tasks, alone and with a worker, to Node's very bits", async (context) => {
    needChromium(context);
    type Trained = { weights: number[]; turns: number };
    // Batches of some ten milliseconds: after each the page gets its turn.
    const program = (entry: string) => `
      import { dense, embedding, lstm, sequential } from ${JSON.stringify(entry)};
      export async function train(options) {
        const model = sequential([embedding(500, 64), lstm(64), dense(1)], { seed: 1, build: "simd" });
        model.compile({ optimizer: "adam", loss: "mse", seed: 2 });
        const x = { data: Int32Array.from({ length: 256 * 80 }, (_, i) => (i * 17) % 500), shape: [256, 80] };
        const y = Float32Array.from({ length: 256 }, (_, i) => i % 2);
        let turns = 0;
        let isOn = true;
        const turn = () => {
          turns++;
          if (isOn) setTimeout(turn);
        };
        turn();
        await model.fit(x, y, { batchSize: 64, epochs: 3, ...options });
        isOn = false;
        const weights = model.getWeights().flatMap(({ data }) => [...new Uint32Array(data.slice().buffer)]);
        model.dispose();
        return { weights, turns };
      }
      globalThis.train = train;
    `;
    const inNode = join(installed.folder, "train.mjs");
    writeFileSync(inNode, program("rnn-wasm/training"));
    const { train } = (await import(inNode)) as { train(options: object): Promise<Trained> };
    const server = await serve({
      "/": ["text/html", "<!doctype html><title>rnn-wasm</title><script type=module src=/main.js></script>"],
      "/main.js": ["text/javascript", await bundle(program("rnn-wasm/training"))],
      "/worker-browser.js": ["text/javascript", await bundle('import "rnn-wasm/worker";')],
    });
    const browser = await openChromium();
    try {
      const tab = await browser.newPage();
      await tab.goto(server.url, { waitUntil: "load" });
      const inPage = (options: object) =>
        tab.evaluate(
          (given) => (globalThis as unknown as { train(o: object): Promise<Trained> }).train(given),
          options,
        );
      const alone = await inPage({});
      // 12 batches; a turn after most of them, even where the machine is quick.
      expect(alone.turns).toBeGreaterThan(6);
      expect(alone.weights).toEqual((await train({})).weights);
      expect((await inPage({ workers: 2 })).weights).toEqual((await train({ shards: 2 })).weights);
    } finally {
      await browser.close();
      server.close();
    }
  });

  it("gives the bits of Node's simd build in workerd, with the module that the host compiled", async () => {
    const worker = await bundle(
      `
      import { loadModel } from "rnn-wasm";
      import module from "rnn-wasm/simd.wasm";
      import json from "./model.json.txt";
      import weights from "./weights.bin";
      export default {
        async fetch(request) {
          const ids = await request.json();
          const model = await loadModel({ json, weights }, { module });
          ${PREDICT}
          const reasonOf = async (task) => {
            try {
              await task();
            } catch (error) {
              return error.name + ": " + error.message.split(/[,:]/)[0];
            }
          };
          const parallel = await reasonOf(() => model.parallel({ workers: 2 }));
          const fit = await reasonOf(async () => {
            model.compile({ loss: "mse", optimizer: "sgd" });
            await model.fit({ data: Int32Array.from(ids), shape: [ids.length / 100, 100] }, y);
          });
          return Response.json({ bits, build: model.runtime.build, parallel, fit });
        },
      };
    `.replaceAll(/from "(\.\/(?:model|weights)[^"]*)"/g, (_, path) => `from "${path}.wasm"`),
    );
    const host = new Miniflare({
      cf: false,
      compatibilityDate: "2025-06-01",
      modules: [
        { type: "ESModule", path: "main.mjs", contents: worker },
        {
          type: "CompiledWasm",
          path: "simd.wasm",
          contents: readFileSync(join(installed.folder, "node_modules/rnn-wasm/dist/simd.wasm")),
        },
        { type: "Text", path: "model.json.txt.wasm", contents: read("model.json").toString("utf8") },
        { type: "Data", path: "weights.bin.wasm", contents: read("weights.safetensors") },
      ],
    });
    try {
      const response = await host.dispatchFetch("http://localhost/", {
        method: "POST",
        body: JSON.stringify(expected.ids),
      });
      expect(await response.json()).toEqual({
        bits: expected.bits,
        build: "simd",
        parallel: "EngineError: model.parallel",
        fit: "EngineError: Training compiles its kernels where it runs",
      });
    } finally {
      await host.dispose();
    }
  });
});

function needChromium(context: TestContext): void {
  if (CHROMIUM) return;
  if (process.env["CI"] === "true") throw new Error("no Chromium: the gate must have it installed");
  context.skip("no Chromium on this machine: the browser was not tested");
}

function openChromium(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: CHROMIUM!,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

async function serve(
  files: Record<string, [type: string, body: string | Buffer]>,
): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const file = files[request.url ?? ""];
    response.writeHead(file ? 200 : 404, { "content-type": file?.[0] ?? "text/plain" });
    response.end(file?.[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { port: number };
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}
