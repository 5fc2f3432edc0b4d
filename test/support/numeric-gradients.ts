import { expect } from "vitest";
import type { ModelInput } from "../../src/model/inputs.ts";
import type { Trainer } from "../../src/training/trainer.ts";

/**
 * Compares the gradients of a trainer's weights with differences of its own loss at shifted weights, about seven a weight.
 *
 * @param h - The shift. The loss is float32, so that it must be wide: differences of fourth order allow it.
 * @param slack - What may be missing, as a share of the greatest gradient, beside 1e-3 of the gradient itself.
 */
export function expectGradients(
  trainer: Trainer,
  x: ModelInput,
  y: unknown,
  { h, slack }: { readonly h: number; readonly slack: number },
): void {
  const got = trainer.gradients(x, y);
  const largest = Math.max(...got.flatMap(({ data }) => [...data].map(Math.abs)));
  expect(largest).toBeGreaterThan(1e-4);
  for (const { parameter, data } of got) {
    const { f32 } = trainer.engine.memory;
    const first = parameter.value.address >> 2;
    for (let i = 0; i < parameter.size; i += Math.max(1, Math.floor(parameter.size / 7))) {
      const kept = f32[first + i]!;
      const at = (value: number) => {
        f32[first + i] = value;
        return trainer.testOnBatch(x, y)["loss"]!;
      };
      const want = (8 * (at(kept + h) - at(kept - h)) - (at(kept + 2 * h) - at(kept - 2 * h))) / (12 * h);
      f32[first + i] = kept;
      const allowed = 1e-3 * Math.abs(want) + slack * largest;
      expect(Math.abs(data[i]! - want), `${parameter.layer.name} ${parameter.name}[${i}]`).toBeLessThanOrEqual(allowed);
    }
  }
}
