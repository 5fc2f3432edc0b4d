import { sizeOf } from "../../tensor.ts";
import { numberOf } from "../options/serialized.ts";
import { biasCorrection, f32, oneMinus, type RuleMaker } from "./update-rule.ts";

/** Adafactor as Keras 3 has it: the square gradients of a matrix are kept as their means by rows and by columns. */
export const adafactor: RuleMaker = (config, _era, math) => {
  const decay = numberOf(config, "beta2Decay", -0.8);
  const numbers = {
    epsilon1: numberOf(config, "epsilon1", 1e-30),
    epsilon2: numberOf(config, "epsilon2", 1e-3),
    threshold: numberOf(config, "clipThreshold", 1),
  };
  // Keras keeps a number in place of the means that a vector does not have.
  const factored = (shape: readonly number[], kept: readonly number[]) => (shape.length < 2 ? [] : kept);
  return {
    slots: [
      { name: "r", shape: (shape) => factored(shape, shape.slice(0, -1)) },
      { name: "c", shape: (shape) => factored(shape, [...shape.slice(0, -2), shape.at(-1)!]) },
      { name: "velocity" },
    ],
    rates: (rate, step) => [Math.min(rate, 1 / Math.sqrt(step)), f32(1 - f32(math.pow64(step, f32(decay))))],
    update(tape, { value, gradient, shape, size }, [r, c, v], rate) {
      const [rows, columns] = shape.length < 2 ? [1, size] : (shape.slice(-2) as [number, number]);
      const outer = shape.length < 2 ? 1 : sizeOf(shape.slice(0, -2));
      const slots = { r: shape.length < 2 ? 0 : r!.place, c: shape.length < 2 ? 0 : c!.place, v: v!.place };
      tape.emit("adafactor", { p: value.place, g: gradient!.place, ...slots, outer, rows, columns, rate, ...numbers });
    },
  };
};

/** LAMB as Keras 3 has it: Adam's step, scaled to the norm of the weight. */
export const lamb: RuleMaker = (config, _era, math) => {
  const beta1 = numberOf(config, "beta1", 0.9);
  const beta2 = numberOf(config, "beta2", 0.999);
  const numbers = {
    rest1: oneMinus(beta1, "keras3"),
    rest2: oneMinus(beta2, "keras3"),
    epsilon: numberOf(config, "epsilon", 1e-7),
  };
  const inverse = (beta: number, step: number) => 1 / biasCorrection(math, beta, step);
  return {
    slots: [{ name: "momentum" }, { name: "velocity" }],
    rates: (rate, step) => [rate, inverse(beta1, step), inverse(beta2, step)],
    update(tape, { value, gradient, size }, [m, v], rate) {
      const places = { p: value.place, g: gradient!.place, m: m!.place, v: v!.place };
      tape.emit("lamb", { ...places, count: size, rate, ...numbers });
    },
  };
};
