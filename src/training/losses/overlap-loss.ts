import type { Place, Value } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import type { Tape } from "../tape.ts";

/** Losses of how far targets and predictions overlap, over a whole batch: one number, not one per row. */
export type OverlapKind = "dice" | "tversky";

const EPSILON = 1e-7;

/**
 * Appends Dice, 1 − 2·Σtp / (Σt + Σp + ε), or Tversky, 1 − Σtp / (Σtp + α·Σt(1 − p) + β·Σ(1 − t)p + ε), with the gradient: α counts what
 * is missed, as in Keras' code (its documentation has the two the other way round);
 * in JavaScript, since nobody trains a recurrent model long with them.
 *
 * loss [1] out · gradient like pred out, or undefined · pred, target of one shape · coef [1]: the loss's share.
 */
export function overlapLoss(
  tape: Tape,
  kind: OverlapKind,
  places: {
    readonly loss: Place;
    readonly gradient: Value | undefined;
    readonly pred: Value;
    readonly target: Place;
    readonly coef: Place;
  },
  { alpha, beta, scale }: { readonly alpha: number; readonly beta: number; readonly scale: number },
): void {
  const { loss, gradient, pred, target, coef } = places;
  const count = sizeOf(pred.shape);
  tape.p.host([loss, pred, target, coef, ...(gradient ? [gradient] : [])], ({ f32 }, addresses) => {
    const [lossAt, predAt, targetAt, coefAt, gradientAt] = addresses.map((address) => address >> 2) as [
      number,
      number,
      number,
      number,
      number | undefined,
    ];
    let [both, sumT, sumP] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const [p, t] = [f32[predAt + i]!, f32[targetAt + i]!];
      both += p * t;
      sumT += t;
      sumP += p;
    }
    const isDice = kind === "dice";
    const over = isDice ? 2 * both : both;
    const under = isDice ? sumT + sumP + EPSILON : both + alpha * (sumT - both) + beta * (sumP - both) + EPSILON;
    f32[lossAt] = 1 - over / under;
    if (gradientAt === undefined) return;
    const share = f32[coefAt]! * scale;
    for (let i = 0; i < count; i++) {
      const t = f32[targetAt + i]!;
      const slopeOver = isDice ? 2 * t : t;
      const slopeUnder = isDice ? 1 : t - alpha * t + beta * (1 - t);
      f32[gradientAt + i] = (-share * (slopeOver * under - over * slopeUnder)) / (under * under);
    }
  });
}
