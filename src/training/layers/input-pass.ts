import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place } from "../../plan/buffer.ts";
import type { Tape } from "../tape.ts";
import { floats } from "./cell-kinds.ts";
import type { CellRun, Drops, RowsOfSteps } from "./sequence-pass.ts";

/** The product of a cell's input with its kernel: z = x · W + b. */
export interface InputPass {
  /** What z takes in and does not hold yet: the products of rows of a table, for the cell to spread over its steps. */
  readonly unspread?: RowsToSpread;
  /**
   * From z, which holds its gradient by now: the kernel's gradient and, if wanted, the input's.
   *
   * @returns [timesteps, batch, features]; undefined if it is not wanted, or has been given to the table.
   */
  backward(wantX: boolean): Place | undefined;
}

/** Row [t, b] of z is that of the number slots[t, b]; strides in elements. */
export interface RowsToSpread {
  readonly rows: Place;
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
 * gradients of those steps are summed before they are multiplied. Of 3,200 words of 32 reviews 1,150 are distinct.
 */
export function ofEachRow(tape: Tape, steps: FusedSteps, run: CellRun, from: RowsOfSteps, z: Place): InputPass {
  const { owner, units, gates } = steps;
  const { batch, timesteps, features, mask } = run;
  const width = gates * units;
  const { table, ...slots } = from;
  const { total, maxRows } = table.rows;
  const kernel = tape.needWeight(owner, "kernel");
  const bias = steps.useBias ? tape.weight(owner, "bias") : undefined;
  const x = table.values();
  const products = floats(tape, maxRows * width);
  tape.product({ y: products, a: x, b: kernel, bias, rows: maxRows, total, depth: features, columns: width });
  return {
    unspread: { rows: products, ...slots },
    backward(wantX) {
      const dKernel = tape.sink(owner, "kernel");
      if (!dKernel && !wantX) return undefined;
      const sums = floats(tape, maxRows * width);
      tape.gatherSums({ sums, total, maxRows, x: z, ...slots, outer: timesteps, inner: batch, width, mask });
      if (dKernel) {
        const { accumulate } = dKernel;
        tape.productOfTotalRows({ y: dKernel, a: x, b: sums, total, columnsA: features, columnsB: width, accumulate });
      }
      if (wantX) {
        const dRows = floats(tape, maxRows * features);
        const shape = { rows: maxRows, total, depth: width, columns: features };
        tape.product({ y: dRows, a: sums, b: kernel, bStride: width, transposed: true, ...shape });
        table.giveBack(dRows);
      }
      return undefined;
    },
  };
}
