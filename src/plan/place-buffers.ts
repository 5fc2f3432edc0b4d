import { align } from "../engine/memory.ts";
import type { PlanBuffer } from "./buffer.ts";

/** Bytes that nobody uses, from an offset up to another. */
interface Gap {
  from: number;
  to: number;
}

/**
 * Gives scratch buffers offsets so that two whose lives overlap never share a byte: first fit, in the order of birth.
 *
 * @returns The bytes that all of them span together.
 */
export function placeBuffers(buffers: readonly PlanBuffer[]): number {
  const byBirth = [...buffers].sort((a, b) => a.first - b.first);
  const byDeath = [...buffers].sort((a, b) => a.last - b.last);
  const gaps: Gap[] = [{ from: 0, to: Number.POSITIVE_INFINITY }];
  let [span, dead] = [0, 0];
  for (const buffer of byBirth) {
    while (byDeath[dead]!.last < buffer.first) giveBack(gaps, byDeath[dead++]!);
    const size = align(buffer.bytes);
    const at = gaps.findIndex(({ from, to }) => to - from >= size);
    const gap = gaps[at]!;
    buffer.offset = gap.from;
    gap.from += size;
    if (gap.from === gap.to) gaps.splice(at, 1);
    span = Math.max(span, buffer.offset + buffer.bytes);
  }
  return span;
}

/** Makes a buffer's bytes a gap, one with those that it touches. */
function giveBack(gaps: Gap[], { offset, bytes }: PlanBuffer): void {
  const end = offset + align(bytes);
  if (end === offset) return;
  const next = gaps.findIndex(({ from }) => from >= end);
  const [before, after] = [gaps[next - 1], gaps[next]!];
  const [joinsBefore, joinsAfter] = [before?.to === offset, after.from === end];
  if (joinsBefore && joinsAfter) {
    before!.to = after.to;
    gaps.splice(next, 1);
  } else if (joinsBefore) before!.to = end;
  else if (joinsAfter) after.from = offset;
  else gaps.splice(next, 0, { from: offset, to: end });
}
