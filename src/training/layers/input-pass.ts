import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place } from "../../plan/buffer.ts";
import type { Tape } from "../tape.ts";
import { floats } from "./cell-kinds.ts";
import type { CellRun, Drops } from "./sequence-pass.ts";
import type { RowsOfSteps } from "./step-rows.ts";

/** The product of a cell's input with its kernel: z = x · W + b. */
export interface InputPass {
  /** Set if z holds equal rows once: for the cell to spread over its steps. */
  readonly homes?: HomesOfSteps;
  /**
   * From z, which holds its gradient by now: the kernel's gradient and, if wanted, the input's.
   *
   * @returns [timesteps, batch, features]; undefined if it is not wanted, or has been given to the table.
   */
  backward(wantX: boolean): Place | undefined;
}

/** Row [t, b] of z lies at the step homes[slots[t, b]]; strides in elements. */
export interface HomesOfSteps {
  readonly homes: Place;
  readonly slots: Place;
  readonly slotOuter: number;
  readonly slotInner: number;
}

/** z of every step by itself, with dropout masks of its own for all gates or for each. */
export function ofEachStep(tape: Tape, steps: FusedSteps, run: CellRun, dropped: Drops, z: Place): InputPass {
  const { owner, units, gates } = steps;
  const { batch, timesteps, features } = run;
  const rows = batch * timesteps;
  const width = gates * units;
  const kernel = tape.needWeight(owner, "kernel");
  const bias = steps.useBias ? tape.weight(owner, "bias") : undefined;
  const parts = Math.max(1, dropped.input.length);
  const columns = width / parts;
  const source = run.x.steps();
  for (let part = 0; part < parts; part++) {
    let x = source;
    const m = dropped.input[part];
    if (m) {
      x = floats(tape, rows * features);
      tape.emit("scaleSteps", { y: x, x: source, m, steps: timesteps, count: batch * features });
    }
    tape.product({
      y: shifted(z, 4 * part * columns),
      yStride: width,
      a: x,
      b: shifted(kernel, 4 * part * columns),
      bStride: width,
      bias: bias && shifted(bias, 4 * part * columns),
      rows,
      depth: features,
      columns,
    });
  }
  return {
    backward(wantX) {
      kernelGradient();
      return wantX ? inputGradient() : undefined;
    },
  };

  function kernelGradient(): void {
    const dKernel = tape.sink(owner, "kernel");
    for (let part = 0; dKernel && part < parts; part++) {
      const m = dropped.input[part];
      tape.productOfRows({
        y: shifted(dKernel, 4 * part * columns),
        yStride: width,
        a: source,
        factors: m && { at: m, period: batch },
        b: shifted(z, 4 * part * columns),
        bStride: width,
        rows,
        columnsA: features,
        columnsB: columns,
        accumulate: dKernel.accumulate,
        lastFirst: true,
      });
    }
  }

  function inputGradient(): Place {
    let dx: Place | undefined;
    for (let part = 0; part < parts; part++) {
      const own = floats(tape, rows * features);
      tape.product({
        y: own,
        a: shifted(z, 4 * part * columns),
        aStride: width,
        b: shifted(kernel, 4 * part * columns),
        bStride: width,
        transposed: true,
        rows,
        depth: columns,
        columns: features,
      });
      const mask = dropped.input[part];
      if (mask) tape.emit("scaleSteps", { y: own, x: own, m: mask, steps: timesteps, count: batch * features });
      if (dx) tape.emit("addTo", { y: dx, a: dx, b: own, count: rows * features });
      dx ??= own;
    }
    return dx!;
  }
}

/**
 * z of rows of a table: each distinct row is multiplied once, whatever the steps that take it, and on the way back the
 * gradients of those steps are summed before they are multiplied. Of 3,200 words of 32 reviews 1,150 are distinct. Products
 * and sums have no place of their own: they lie in z, at the last step that takes a row.
 */
export function ofEachRow(tape: Tape, steps: FusedSteps, run: CellRun, from: RowsOfSteps, z: Place): InputPass {
  const { owner, units, gates } = steps;
  const { batch, timesteps, features, mask } = run;
  const width = gates * units;
  const { table, sink, ...slots } = from;
  const { named, maxRows } = table.rows;
  const rows = Math.min(maxRows, batch * timesteps);
  const kernel = tape.needWeight(owner, "kernel");
  const bias = steps.useBias ? tape.weight(owner, "bias") : undefined;
  const [homes, stepsOfHomes, taken, words, total] = [maxRows, rows, rows, rows, 1].map((count) =>
    floats(tape, count),
  ) as [Place, Place, Place, Place, Place];
  const all = { ...slots, outer: timesteps, inner: batch };
  tape.emit("homeRows", { homes, steps: stepsOfHomes, taken, words, total, named, ...all });
  const forwards = { total, a: words, y: stepsOfHomes };
  tape.product({ y: z, a: table.table, b: kernel, bias, rows, depth: features, columns: width, named: forwards });
  return {
    homes: { homes, ...slots },
    backward(wantX) {
      const dKernel = tape.sink(owner, "kernel");
      if (!dKernel && !wantX) return undefined;
      tape.emit("gatherHomes", { x: z, homes, ...all, width, mask: mask ?? 0 });
      if (dKernel) {
        const { accumulate } = dKernel;
        const factors = { a: table.table, aRows: words, b: z, bRows: stepsOfHomes, total };
        tape.productOfTotalRows({ y: dKernel, ...factors, columnsA: features, columnsB: width, accumulate });
      }
      if (wantX) {
        const y = sink();
        const shape = { rows, depth: width, columns: features, named: { total, a: stepsOfHomes, y: taken } };
        const { accumulate } = y;
        tape.product({ y, accumulate, a: z, b: kernel, bStride: width, transposed: true, ...shape });
      }
      return undefined;
    },
  };
}
