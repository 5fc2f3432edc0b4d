import { numberOf } from "../options/serialized.ts";
import type { Region } from "../parameters.ts";
import { biasCorrection, f32, oneMinus, type RuleMaker, updateArgs } from "./update-rule.ts";

/** Adam (and AdamW, whose weight decay is every rule's option), with `amsgrad`: the greatest mean square so far. */
export const adam: RuleMaker = (config, era, math) => {
  const beta1 = numberOf(config, "beta1", 0.9);
  const beta2 = numberOf(config, "beta2", 0.999);
  const epsilon = numberOf(config, "epsilon", 1e-7);
  const amsgrad = config["amsgrad"] === true;
  const slots = [
    { name: "momentum", group: 0 },
    { name: "velocity", group: 0 },
  ];
  if (amsgrad) slots.push({ name: "velocity_hat", group: 1 });
  const numbers = { rest1: oneMinus(beta1, era), rest2: oneMinus(beta2, era), epsilon };
  const moments = (m?: Region, v?: Region, peak?: Region) => ({
    m: m!.place,
    v: v!.place,
    peak: peak?.place ?? 0,
  });
  return {
    slots,
    rates: (rate, step) => [(rate * Math.sqrt(biasCorrection(math, beta2, step))) / biasCorrection(math, beta1, step)],
    update: (tape, parameter, [m, v, peak], rate) =>
      tape.emit("adam", { ...updateArgs(parameter, rate), ...moments(m, v, peak), ...numbers }),
    updateRows(tape, { value, shape }, [m, v, peak], rate, { rows, gradient, first, last }) {
      const { named, map, total } = rows;
      const table = { p: value.place, g: gradient, first, last, width: shape[1]!, map, named, total, rate };
      tape.emit("adamRows", { ...table, ...moments(m, v, peak), ...numbers });
    },
  };
};

/** Nadam: Adam with Nesterov's momentum, which grows with the steps. */
export const nadam: RuleMaker = (config, era, math) => {
  const beta1 = numberOf(config, "beta1", 0.9);
  const beta2 = numberOf(config, "beta2", 0.999);
  const epsilon = numberOf(config, "epsilon", 1e-7);
  const decay = numberOf(config, era === "legacy" ? "decay" : "scheduleDecay", 0.004);
  const momentumAt = (step: number) => beta1 * (1 - 0.5 * math.pow64(0.96, era === "keras3" ? step : step * decay));
  // The product of the momenta so far: kept by step, so that a step can be asked for again.
  let products: number[] = [1];
  const productAt = (step: number) => {
    for (let i = products.length; i <= step; i++) products[i] = f32(products[i - 1]! * momentumAt(i));
    return products[step]!;
  };
  return {
    slots: [{ name: "momentum" }, { name: "velocity" }],
    product: {
      at: productAt,
      set(step, value) {
        products = [];
        products[step] = value;
      },
    },
    untouched: "weight",
    rates(rate, step) {
      const now = momentumAt(step);
      const next = momentumAt(step + 1);
      const product = productAt(step);
      const ofGradient = (rate * (1 - now)) / (1 - product);
      const ofMean = (rate * next) / (1 - product * next);
      return [ofGradient, ofMean, 1 / biasCorrection(math, beta2, step)];
    },
    update: (tape, parameter, [m, v], rate) =>
      tape.emit("nadam", {
        ...updateArgs(parameter, rate),
        m: m!.place,
        v: v!.place,
        rest1: oneMinus(beta1, era),
        rest2: oneMinus(beta2, era),
        epsilon,
      }),
  };
};

/** Adamax: Adam by the greatest gradient instead of the mean square. */
export const adamax: RuleMaker = (config, era, math) => {
  const beta1 = numberOf(config, "beta1", 0.9);
  const beta2 = numberOf(config, "beta2", 0.999);
  const epsilon = numberOf(config, "epsilon", 1e-7);
  return {
    slots: [{ name: "momentum" }, { name: "norm" }],
    untouched: "rows",
    rates: (rate, step) => [rate / biasCorrection(math, beta1, step)],
    update: (tape, parameter, [m, u], rate) =>
      tape.emit("adamax", {
        ...updateArgs(parameter, rate),
        m: m!.place,
        u: u!.place,
        rest1: oneMinus(beta1, era),
        beta2: f32(beta2),
        epsilon,
      }),
  };
};
