import type { Engine } from "../engine/engine.ts";
import type { Place, Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { sizeOf } from "../tensor.ts";
import type { Parameter, Parameters } from "./parameters.ts";
import type { BatchTensors } from "./step-plan.ts";
import type { Tape } from "./tape.ts";

type AllFinite = (at: number, count: number) => number;

/** The kernel that looks for a NaN or an infinity. */
function allFinite(engine: Engine): AllFinite {
  return (engine.kernels as unknown as { allFinite: AllFinite }).allFinite;
}

/**
 * Ends a step before its update if a loss or a gradient is not finite, so that the weights stay as they were.
 *
 * @param losses - The losses' floats.
 * @param diverged - Throws.
 */
export function refuseNonFinite(
  tape: Tape,
  engine: Engine,
  losses: { readonly place: Place; readonly count: number },
  diverged: (what: "loss" | "gradient") => never,
): void {
  const { p } = tape;
  p.host([losses.place], ({ f32 }, [address]) => {
    for (let i = 0; i < losses.count; i++) if (!Number.isFinite(f32[(address! >> 2) + i]!)) diverged("loss");
  });
  // A table's gradient is finite if those above it are, and large.
  const watched = [...tape.written].filter(({ name }) => name !== "embeddings");
  p.host([losses.place], () => {
    const finite = allFinite(engine);
    for (const { gradient } of watched) if (finite(gradient!.address, gradient!.count) === 0) diverged("gradient");
  });
}

/** The first thing that is not finite, in the order of the computation. */
export interface Finding {
  what: string | undefined;
}

/** Lets a tape note the first of its layers' outputs and gradients that is not finite when its plan runs. */
export function watch(tape: Tape, p: Planner, finding: Finding): void {
  tape.probe = (value: Value, what: string) => {
    if (value.dtype !== "float32") return;
    const count = sizeOf(value.shape);
    p.host([value], ({ f32 }, [address]) => {
      if (finding.what !== undefined) return;
      const at = address! >> 2;
      for (let i = at; i < at + count; i++) {
        if (Number.isFinite(f32[i]!)) continue;
        finding.what = what;
        return;
      }
    });
  };
}

/** The first weight, in the order of the model, that holds a NaN or an infinity, as people call it. */
export function firstBroken(engine: Engine, parameters: Parameters): string | undefined {
  const finite = allFinite(engine);
  const found = parameters.list.find(({ value }: Parameter) => finite(value.address, value.count) === 0);
  return found && `${found.name} of ${found.layer}`;
}

/** The first number of a batch's own arrays that is not finite, as people call it. */
export function brokenIn({ inputs, targets, weights }: BatchTensors): string | undefined {
  const named = [
    ...inputs.map((tensor) => ["x", tensor] as const),
    ...targets.map((tensor) => ["y", tensor] as const),
    ...weights.map((tensor) => ["sampleWeight", tensor] as const),
  ];
  for (const [name, tensor] of named) {
    if (!(tensor?.data instanceof Float32Array)) continue;
    const at = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    const rest = sizeOf(tensor.shape.slice(1));
    return `${name} holds ${tensor.data[at]} (row ${Math.floor(at / Math.max(rest, 1))} of the batch)`;
  }
  return undefined;
}

/** What the error says. */
export function divergenceText(
  step: number,
  what: "loss" | "gradient",
  broken: string | undefined,
  first: string | undefined,
  given: string | undefined,
): string {
  const where = broken
    ? `The first weight that is not finite is ${broken}.`
    : "All weights are finite and have not been changed by this batch.";
  const seen = first ? `The first value that is not finite is ${first}.` : "Every layer's output is finite.";
  const advice = given
    ? `The cause is in the data: ${given}.`
    : "The data are finite: lower the learning rate or set clipNorm.";
  return `Training diverged at step ${step}: the ${what} is not a finite number. ${where} ${seen} ${advice}`;
}
