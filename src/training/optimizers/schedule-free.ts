import { numberOf } from "../options/serialized.ts";
import { biasCorrection, f32, type RuleMaker } from "./update-rule.ts";

/**
 * Schedule-free AdamW (Defazio et al., arXiv:2405.15682) as Keras 3 has it: z takes Adam's steps without momentum, x is the
 * mean of all z, and the weight y lies between the two. Weight decay is every rule's option.
 *
 * As in the paper and in Keras on JAX x is found with z before its step; Keras 3.15 on TensorFlow reads z after it.
 */
export const scheduleFreeAdamW: RuleMaker = (config, _era, math) => {
  const beta1 = f32(numberOf(config, "beta1", 0.9));
  const beta2 = numberOf(config, "beta2", 0.999);
  const epsilon = f32(numberOf(config, "epsilon", 1e-8));
  const warmup = numberOf(config, "warmupSteps", 0);
  const [rest1, rest2] = [f32(1 - beta1), f32(1 - f32(beta2))];
  return {
    slots: [{ name: "momentum", start: "weight" }, { name: "velocity" }],
    rates: (rate, step) => [
      warmup > 0 ? f32(rate) * Math.min(f32(step / warmup), 1) : rate,
      biasCorrection(math, beta2, step),
      1 / step,
    ],
    update(tape, { value, gradient, size }, [z, v], rate) {
      // Rare, and bound by memory: a loop in JavaScript, rounded where Keras rounds.
      tape.p.host([value.place, gradient!.place, z!.place, v!.place, rate], ({ f32: m }, addresses) => {
        const [y, g, zAt, vAt, rates] = addresses.map((address) => address >> 2) as [
          number,
          number,
          number,
          number,
          number,
        ];
        const [lr, correction, share] = m.subarray(rates, rates + 3) as unknown as [number, number, number];
        const kept = f32(1 - share);
        for (let i = 0; i < size; i++) {
          const gradient = m[g + i]!;
          const old = m[zAt + i]!;
          m[vAt + i]! += f32(f32(f32(gradient * gradient) - m[vAt + i]!) * rest2);
          const root = f32(f32(Math.sqrt(f32(m[vAt + i]! / correction))) + epsilon);
          m[zAt + i] = old - f32(f32(lr * gradient) / root);
          const x = f32(f32(m[y + i]! - f32(rest1 * old)) / beta1);
          const mean = f32(f32(kept * x) + f32(share * m[zAt + i]!));
          m[y + i] = f32(rest1 * m[zAt + i]!) + f32(beta1 * mean);
        }
      });
    },
  };
};
