import { expect, it } from "vitest";
import { align } from "../../src/engine/memory.ts";
import type { PlanBuffer } from "../../src/plan/buffer.ts";
import { placeBuffers } from "../../src/plan/place-buffers.ts";
import { Random } from "../support/random.ts";

/** The lowest aligned offset at which a buffer meets none that lives at the same time, tried one after the other. */
function firstFit(buffer: PlanBuffer, placed: readonly PlanBuffer[]): number {
  const others = placed.filter(({ first, last }) => first <= buffer.last && buffer.first <= last);
  for (let offset = 0; ; offset += align(1)) {
    const meets = others.some((other) => offset < other.offset + other.bytes && other.offset < offset + buffer.bytes);
    if (!meets) return offset;
  }
}

it("places buffers first fit in the order of birth, and no two that live together overlap", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const pick = (n: number) => Math.floor(Math.abs(random.floats(1)[0]!) * n);
    const buffers = Array.from({ length: 60 }, (): PlanBuffer => {
      const first = pick(50);
      return { bytes: pick(8) === 0 ? 0 : pick(900), address: undefined, first, last: first + pick(20), offset: -1 };
    });
    const span = placeBuffers(buffers);
    const placed: PlanBuffer[] = [];
    for (const buffer of buffers.toSorted((a, b) => a.first - b.first)) {
      if (buffer.bytes > 0) {
        expect(buffer.offset).toBe(firstFit(buffer, placed));
        placed.push(buffer);
      }
    }
    expect(span).toBe(Math.max(...buffers.map(({ offset, bytes }) => offset + bytes)));
  }
});
