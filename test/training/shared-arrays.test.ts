import { afterEach, describe, expect, it, vi } from "vitest";
import { SharedArrays } from "../../src/training/threads/shared-arrays.ts";

describe("arrays for other threads", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("keep what was copied until the step after the next, in two buffers that are used again", () => {
    const arrays = new SharedArrays();
    const copies = [1, 2, 3, 4].map((value) => arrays.copy("a", new Float32Array(6).fill(value)));
    expect(copies[0]!.buffer).toBe(copies[2]!.buffer);
    expect(copies[1]!.buffer).toBe(copies[3]!.buffer);
    expect(copies[2]!.buffer).not.toBe(copies[3]!.buffer);
    expect([...copies[2]!, ...copies[3]!]).toEqual([3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4]);
    expect(copies[0]!.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(arrays.copy("b", new Float32Array(6)).buffer).not.toBe(copies[2]!.buffer);
  });

  it("have the length of what they copy, shorter or longer than before", () => {
    const arrays = new SharedArrays();
    for (const length of [5, 3, 40, 41, 7, 0]) {
      const values = Float32Array.from({ length }, (_, i) => i + length);
      expect(arrays.copy("a", values)).toEqual(values);
    }
  });

  it("are plain copies where memory cannot be shared", () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const values = Float32Array.of(1, 2);
    const copy = new SharedArrays().copy("a", values);
    expect(copy).toEqual(values);
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    expect(copy.buffer).not.toBe(values.buffer);
  });
});
