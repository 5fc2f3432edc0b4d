import { numberOf } from "../options/serialized.ts";
import { f32, type RuleMaker, rateAlone, updateArgs } from "./update-rule.ts";

/** SGD: w ← w − rate · g, with momentum v ← momentum · v − rate · g and w ← w + v (Nesterov's looks ahead). */
export const sgd: RuleMaker = (config) => {
  const momentum = numberOf(config, "momentum", 0);
  const nesterov = Number(config["nesterov"] === true);
  if (momentum === 0) {
    return {
      slots: [],
      rates: rateAlone,
      update: (tape, parameter, _, rate) => tape.emit("sgd", updateArgs(parameter, rate)),
    };
  }
  return {
    slots: [{ name: "momentum" }],
    rates: rateAlone,
    update: (tape, parameter, [v], rate) => {
      tape.emit("sgdMomentum", { ...updateArgs(parameter, rate), v: v!.place, momentum, nesterov });
    },
    untouched: "rows",
  };
};

/** RMSprop: the gradient over the root of its running mean square, centered: of its variance. */
export const rmsprop: RuleMaker = (config, era) => {
  const rho = numberOf(config, "rho", 0.9);
  const momentum = numberOf(config, "momentum", 0);
  const epsilon = numberOf(config, "epsilon", 1e-7);
  const centered = config["centered"] === true;
  // Keras 1 and 2 and TF's old rule without momentum have ε outside the root.
  const outside = Number(era === "keras1" || (era === "legacy" && momentum === 0));
  const slots = [{ name: "velocity", group: 0 }];
  if (momentum > 0) slots.push({ name: "momentum", group: 1 });
  if (centered) slots.push({ name: "average_gradient", group: 2 });
  return {
    slots,
    rates: rateAlone,
    ...(momentum > 0 && { untouched: "rows" }),
    update: (tape, parameter, [a, second, third], rate) => {
      const velocity = momentum > 0 ? second!.place : 0;
      const mean = centered ? (momentum > 0 ? third! : second!).place : 0;
      tape.emit("rmsprop", {
        ...updateArgs(parameter, rate),
        a: a!.place,
        velocity,
        mean,
        rho,
        momentum,
        epsilon,
        outside,
      });
    },
  };
};

/** Adagrad: the gradient over the root of the sum of all its squares. */
export const adagrad: RuleMaker = (config, era) => {
  const epsilon = numberOf(config, "epsilon", 1e-7);
  const start = numberOf(config, "initialAccumulatorValue", era === "keras1" ? 0 : 0.1);
  const outside = Number(era !== "keras3");
  return {
    slots: [{ name: "accumulator", start }],
    rates: rateAlone,
    update: (tape, parameter, [a], rate) =>
      tape.emit("adagrad", { ...updateArgs(parameter, rate), a: a!.place, epsilon, outside }),
  };
};

/** Adadelta: the gradient times the root of the mean square update over that of the mean square gradient. */
export const adadelta: RuleMaker = (config) => {
  const rho = numberOf(config, "rho", 0.95);
  const epsilon = numberOf(config, "epsilon", 1e-7);
  return {
    slots: [{ name: "accumulated_grad" }, { name: "accumulated_delta_var" }],
    rates: rateAlone,
    untouched: "rows",
    update: (tape, parameter, [a, d], rate) =>
      tape.emit("adadelta", { ...updateArgs(parameter, rate), a: a!.place, d: d!.place, rho, epsilon }),
  };
};

/** Lion: the sign of a mean of gradients. */
export const lion: RuleMaker = (config) => {
  const beta1 = numberOf(config, "beta1", 0.9);
  const beta2 = numberOf(config, "beta2", 0.99);
  return {
    slots: [{ name: "momentum" }],
    rates: rateAlone,
    update: (tape, parameter, [m], rate) =>
      tape.emit("lion", { ...updateArgs(parameter, rate), m: m!.place, beta1: f32(beta1), beta2: f32(beta2) }),
  };
};

/** Ftrl: follow the regularized leader, with L1, L2 and shrinkage. */
export const ftrl: RuleMaker = (config) => {
  const numbers = {
    power: numberOf(config, "learningRatePower", -0.5),
    l1: numberOf(config, "l1RegularizationStrength", 0),
    l2: numberOf(config, "l2RegularizationStrength", 0),
    shrinkage: numberOf(config, "l2ShrinkageRegularizationStrength", 0),
    beta: numberOf(config, "beta", 0),
  };
  return {
    slots: [{ name: "accumulator", start: numberOf(config, "initialAccumulatorValue", 0.1) }, { name: "linear" }],
    rates: rateAlone,
    untouched: "rows",
    update: (tape, parameter, [a, z], rate) =>
      tape.emit("ftrl", { ...updateArgs(parameter, rate), a: a!.place, z: z!.place, ...numbers }),
  };
};
