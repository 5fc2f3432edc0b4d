import { UnsupportedLayerError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import { slice } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { recordedRule } from "../recorded/recorded-rule.ts";
import type { Rule, Tape } from "../tape.ts";

/** Add, Subtract, Average, Multiply, Maximum, Minimum and Concatenate of inputs of one shape. */
export const mergeRule: Rule = (tape, layer, inputs, call) => {
  const { className } = layer;
  const uneven = inputs.some((x) => x.shape.join() !== inputs[0]!.shape.join());
  const ofTwo = className === "Maximum" || className === "Minimum";
  // Where a mask chooses among the inputs, the gradient follows its choice.
  const takesMasks = (ofTwo || className === "Multiply") && layer.profile.mergeMasks === "or";
  const isChosen = takesMasks && inputs.some(({ mask }) => mask);
  if (className !== "Concatenate" && (uneven || isChosen || (ofTwo && inputs.length !== 2))) {
    return recordedRule(tape, layer, inputs, call);
  }
  const outputs = layer.plan(tape.p, inputs, call);
  const y = outputs[0]!;
  if (layer.className === "Concatenate") {
    const given = (layer.config["axis"] as number | undefined) ?? -1;
    const axis = given < 0 ? y.shape.length + given : given;
    return {
      outputs,
      backward([dy]) {
        if (!dy) return [];
        let at = 0;
        return inputs.map((x) => {
          const size = x.shape[axis]!;
          at += size;
          return slice(tape.p, dy, axis, at - size, size);
        });
      },
    };
  }
  const count = sizeOf(y.shape);
  const scaled = (dy: Value, factor: number) => {
    const dx = tape.tensor(dy.shape);
    tape.emit("scaleTo", { y: dx, a: dy, factor, count });
    return dx;
  };
  const rules: Readonly<Record<string, (dy: Value) => readonly Value[]>> = {
    Add: (dy) => inputs.map(() => dy),
    Average: (dy) => {
      const dx = scaled(dy, 1 / inputs.length);
      return inputs.map(() => dx);
    },
    Subtract: (dy) => [dy, scaled(dy, -1)],
    Multiply: (dy) => inputs.map((_, i) => productBut(tape, dy, inputs, i)),
    Maximum: (dy) => select(tape, dy, inputs, 0),
    Minimum: (dy) => select(tape, dy, inputs, 1),
  };
  const rule = rules[layer.className];
  if (!rule) throw new UnsupportedLayerError(`${layer} cannot be trained here.`);
  return { outputs, backward: ([dy]) => (dy ? rule(dy) : []) };
};

/** dy times every input but one. */
function productBut(tape: Tape, dy: Value, inputs: readonly Value[], but: number): Value {
  let product = dy;
  inputs.forEach((other, i) => {
    if (i === but) return;
    const y = tape.tensor(dy.shape);
    tape.emit("multiplyTo", { y, a: product, b: other, count: sizeOf(dy.shape) });
    product = y;
  });
  return product;
}

function select(tape: Tape, dy: Value, inputs: readonly Value[], smaller: number): readonly Value[] {
  const [a, b] = inputs;
  const count = sizeOf(dy.shape);
  return [
    [a!, b!],
    [b!, a!],
  ].map(([own, other], i) => {
    const y = tape.tensor(dy.shape);
    // Masked steps are often equal: TensorFlow gives the first input the whole gradient there.
    tape.emit("selectGradient", { y, dy, a: own!, b: other!, count, smaller, tie: 1 - i });
    return y;
  });
}
