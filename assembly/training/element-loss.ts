import { clip, EPSILON, TOP } from "./loss-numbers";

/** Codes of the losses: `src/training/losses/losses.ts` has the same table. */
export enum Loss {
  meanSquaredError = 0,
  meanAbsoluteError = 1,
  meanAbsolutePercentageError = 2,
  meanSquaredLogarithmicError = 3,
  binaryCrossentropy = 4,
  binaryCrossentropyOfLogits = 5,
  categoricalCrossentropy = 6,
  categoricalCrossentropyOfLogits = 7,
  sparseCategoricalCrossentropy = 8,
  sparseCategoricalCrossentropyOfLogits = 9,
  huber = 10,
  logCosh = 11,
  poisson = 12,
  klDivergence = 13,
  hinge = 14,
  squaredHinge = 15,
  categoricalHinge = 16,
  cosineSimilarity = 17,
  binaryFocalCrossentropy = 18,
  categoricalFocalCrossentropy = 19,
}

function sigmoid(x: f64): f64 {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: f64): f64 {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The loss of one element and, in `slope`, its derivative by the prediction p. */
export class element {
  static slope: f64 = 0;
}

/** The loss of a prediction p for a target t; its slope by p is left in `element.slope`. a, b, c: the loss's own numbers. */
export function elementLoss(kind: i32, p: f64, t: f64, a: f64, b: f64, c: f64): f64 {
  let slope: f64 = 0;
  let loss: f64 = 0;
  const e = p - t;
  switch (kind) {
    case Loss.meanSquaredError:
      slope = 2 * e;
      loss = e * e;
      break;
    case Loss.meanAbsoluteError:
      slope = e > 0 ? 1 : e < 0 ? -1 : 0;
      loss = Math.abs(e);
      break;
    case Loss.meanAbsolutePercentageError: {
      const under = Math.max(Math.abs(t), EPSILON);
      slope = ((e > 0 ? 1 : e < 0 ? -1 : 0) * 100.0) / under;
      loss = (100 * Math.abs(e)) / under;
      break;
    }
    case Loss.meanSquaredLogarithmicError: {
      const d = Math.log(Math.max(p, EPSILON) + 1) - Math.log(Math.max(t, EPSILON) + 1);
      slope = p > EPSILON ? (2 * d) / (p + 1) : 0;
      loss = d * d;
      break;
    }
    case Loss.binaryCrossentropy: {
      const target = t * (1 - a) + 0.5 * a;
      // b: what tf.keras adds before it takes logarithms.
      const q = clip(p, EPSILON, TOP);
      slope = q === p ? (1 - target) / (1 - q + b) - target / (q + b) : 0;
      loss = -(target * Math.log(q + b) + (1 - target) * Math.log(1 - q + b));
      break;
    }
    case Loss.binaryCrossentropyOfLogits: {
      const target = t * (1 - a) + 0.5 * a;
      slope = sigmoid(p) - target;
      loss = softplus(p) - p * target;
      break;
    }
    case Loss.huber:
      if (Math.abs(e) <= a) {
        slope = e;
        loss = 0.5 * e * e;
      } else {
        slope = e > 0 ? a : -a;
        loss = a * Math.abs(e) - 0.5 * a * a;
      }
      break;
    case Loss.logCosh:
      slope = Math.tanh(e);
      loss = e + softplus(-2 * e) - 0.6931471805599453;
      break;
    case Loss.poisson:
      slope = 1 - t / (p + EPSILON);
      loss = p - t * Math.log(p + EPSILON);
      break;
    case Loss.klDivergence: {
      const target = clip(t, EPSILON, 1);
      const q = clip(p, EPSILON, 1);
      slope = q === p ? -target / q : 0;
      loss = target * Math.log(target / q);
      break;
    }
    case Loss.hinge:
    case Loss.squaredHinge: {
      const target = a > 0 ? 2 * t - 1 : t;
      const margin = Math.max(1 - target * p, 0);
      loss = kind === Loss.hinge ? margin : margin * margin;
      slope = margin > 0 ? -target * (kind === Loss.hinge ? 1 : 2 * margin) : 0;
      break;
    }
    case Loss.binaryFocalCrossentropy: {
      // a: label smoothing, b: gamma, c: alpha, or −1 without class balancing.
      const target = t * (1 - a) + 0.5 * a;
      const q = clip(p, EPSILON, TOP);
      const crossentropy = -(target * Math.log(q) + (1 - target) * Math.log(1 - q));
      const dCrossentropy = q === p ? (q - target) / (q * (1 - q)) : 0;
      const right = target * p + (1 - target) * (1 - p);
      const factor = (1 - right) ** b;
      const dFactor = b === 0 ? 0 : -b * (1 - right) ** (b - 1) * (2 * target - 1);
      const balance = c >= 0 ? target * c + (1 - target) * (1 - c) : 1;
      loss = balance * factor * crossentropy;
      slope = balance * (factor * dCrossentropy + dFactor * crossentropy);
      break;
    }
    default:
      break;
  }
  element.slope = slope;
  return loss;
}
