import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { size } from "../../bench/suites/size.ts";

describe("the core as a page fetches it", () => {
  it("stays under 45 KB, minified and compressed, with both builds of the kernels", async (context) => {
    if (!existsSync(new URL("../../dist/platform/browser.js", import.meta.url))) {
      context.skip("dist/ is not built: npm run build");
    }
    const report = await size({
      ...{ rounds: 1, ms: 1, peers: undefined, builds: [], browser: "chromium" },
      filter: "rnn-wasm core",
      say: () => undefined,
    });
    const [core] = report.data as readonly { readonly brotliBytes: number }[];
    expect(core!.brotliBytes).toBeGreaterThan(20_000);
    expect(core!.brotliBytes).toBeLessThanOrEqual(45_000);
  });
});
