import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/force-build.ts"],
    // Two cores beside other work: a whole model or a fresh install takes its time.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
