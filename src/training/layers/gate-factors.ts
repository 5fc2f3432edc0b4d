import type { FusedSteps } from "../../layers/recurrent/fused-cell.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import type { Place } from "../../plan/buffer.ts";
import { productBytes } from "../kernel-calls.ts";
import type { Tape } from "../tape.ts";
import { joinsGates } from "./cell-kinds.ts";
import type { Drops } from "./sequence-pass.ts";

/** A cell's recurrent kernel U, packed when it is first asked for: of all gates as one factor, or gate by gate. */
export class GateFactors {
  readonly #tape: Tape;
  readonly #steps: FusedSteps;
  readonly #parts: number;
  #straight: Place | undefined;
  #turned: Place | undefined;

  constructor(tape: Tape, steps: FusedSteps, drops: Drops) {
    this.#tape = tape;
    this.#steps = steps;
    this.#parts = joinsGates(steps, drops.recurrent !== undefined) ? 1 : steps.gates;
  }

  /** U. */
  get straight(): Place {
    this.#straight ??= this.#pack(false);
    return this.#straight;
  }

  /** Uᵀ. */
  get turned(): Place {
    this.#turned ??= this.#pack(true);
    return this.#turned;
  }

  #pack(turned: boolean): Place {
    const { owner, units, gates } = this.#steps;
    const kernel = this.#tape.needWeight(owner, "recurrentKernel");
    const own = (gates / this.#parts) * units;
    const [depth, columns] = turned ? [own, units] : [units, own];
    const bytes = productBytes(depth, columns);
    const panels = { buffer: this.#tape.p.buffer(bytes * this.#parts), offset: 0 };
    const stride = gates * units;
    const strides = turned ? { rowStride: 1, columnStride: stride } : { rowStride: stride, columnStride: 1 };
    for (let part = 0; part < this.#parts; part++) {
      const source = shifted(kernel, 4 * part * own);
      this.#tape.emit("packProduct", { panels: shifted(panels, bytes * part), source, depth, columns, ...strides });
    }
    return panels;
  }
}
