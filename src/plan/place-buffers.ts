import { align } from "../engine/memory.ts";
import type { PlanBuffer } from "./buffer.ts";

/**
 * Gives scratch buffers offsets so that two whose lives overlap never share a byte: first fit, in the order of birth.
 *
 * @returns The bytes that all of them span together.
 */
export function placeBuffers(buffers: readonly PlanBuffer[]): number {
  const byBirth = [...buffers].sort((a, b) => a.first - b.first);
  let live: PlanBuffer[] = [];
  let span = 0;
  for (const buffer of byBirth) {
    live = live.filter((other) => other.last >= buffer.first);
    let offset = 0;
    let slot = 0;
    for (; slot < live.length; slot++) {
      const other = live[slot]!;
      if (offset + buffer.bytes <= other.offset) break;
      offset = Math.max(offset, align(other.offset + other.bytes));
    }
    buffer.offset = offset;
    // Kept sorted by offset, so that the gaps are met in order.
    const at = live.findIndex((other) => other.offset > offset);
    live.splice(at < 0 ? live.length : at, 0, buffer);
    span = Math.max(span, offset + buffer.bytes);
  }
  return span;
}
