import { Bidirectional } from "../../layers/recurrent/bidirectional.ts";
import { recurrentInputs } from "../../layers/recurrent/recurrent.ts";
import { shifted } from "../../layers/recurrent/sequence-run.ts";
import { type Place, type Value, withMask } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { apartRule } from "../recorded/apart.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";
import { hasPass, recurrentPass } from "./recurrent.ts";

/** Both directions, merged. */
export const bidirectionalRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof Bidirectional)) throw new TypeError(`${layer} is not bidirectional`);
  const { forwardLayer, backwardLayer, mergeMode } = layer;
  const all = recurrentInputs(tape.p, layer, inputs, call, layer.numConstants);
  if (!hasPass(forwardLayer, all) || !hasPass(backwardLayer, all)) return apartRule(tape, layer, inputs, call);
  const half = Math.floor(all.initialState.length / 2);
  const sequences = forwardLayer.returnSequences;
  const zeroOutputForMask = layer.zeroesMasked;
  const a = recurrentPass(
    tape,
    forwardLayer,
    { ...all, initialState: all.initialState.slice(0, half) },
    { zeroOutputForMask },
  );
  const b = recurrentPass(
    tape,
    backwardLayer,
    { ...all, initialState: all.initialState.slice(half) },
    { flipOutputs: true, zeroOutputForMask },
  );
  const passes = [a, b] as const;
  // Before tf.keras the directions are run, not called.
  const calls = layer.profile.era === "keras3" || layer.profile.era === "tf-keras";
  const [ofForward, ofBackward] = [forwardLayer, backwardLayer].map((own, i) => {
    const { y, states } = passes[i]!;
    return calls ? tape.activity(own, own.returnState ? [y, ...states] : [y]) : undefined;
  });
  const merged = mergeMode === null ? [a.y, b.y] : [merge(tape, a.y, b.y, mergeMode)];
  const passesMask = sequences && layer.profile.recurrentPassesMask;
  const outputs = merged.map((value) => withMask(value, passesMask ? all.passedMask : undefined));
  const statesWanted = forwardLayer.returnState || backwardLayer.returnState;
  return {
    outputs: statesWanted ? [...outputs, ...a.states, ...b.states] : outputs,
    backward(gradients, wanted) {
      const dStates = gradients.slice(outputs.length);
      const [da, db] = mergeMode === null ? gradients : unmerge(tape, gradients[0], a.y, b.y, mergeMode);
      const whole = (own: typeof ofForward, list: Gradients) => own?.(list) ?? list;
      const [dyA, ...dStatesA] = whole(ofForward, [da, ...dStates.slice(0, a.states.length)]);
      const [dyB, ...dStatesB] = whole(ofBackward, [db, ...dStates.slice(a.states.length)]);
      const left = a.backward(dyA, dStatesA, wanted);
      const right = b.backward(dyB, dStatesB, wanted);
      const dx = left.dx && right.dx ? tape.add(left.dx, right.dx) : (left.dx ?? right.dx);
      return [dx, ...left.dInitial, ...right.dInitial];
    },
  };
};

/** y = a and b, joined as Bidirectional's `mergeMode` says. */
function merge(tape: Tape, a: Value, b: Value, mode: string): Value {
  if (mode === "concat") {
    const [left, right] = [a.shape.at(-1)!, b.shape.at(-1)!];
    const y = tape.tensor([...a.shape.slice(0, -1), left + right]);
    columns(tape, y, left + right, 0, a, left);
    columns(tape, y, left + right, left, b, right);
    return y;
  }
  const y = tape.tensor(a.shape);
  tape.emit(mode === "mul" ? "multiplyTo" : "addTo", { y, a, b, count: sizeOf(a.shape) });
  if (mode === "ave") tape.emit("scaleTo", { y, a: y, factor: 0.5, count: sizeOf(a.shape) });
  return y;
}

/** Copies a matrix into columns of a wider one. */
function columns(tape: Tape, y: Place, width: number, first: number, x: Value, own: number): void {
  const rows = sizeOf(x.shape) / own;
  const strides = { yOuter: 0, yInner: width, xOuter: 0, xInner: own, outer: 1, inner: rows, width: own, rowMask: 0 };
  tape.emit("copySteps", { y: shifted(y, 4 * first), x, ...strides });
}

/** The gradients of both directions' outputs from that of the merged one. */
function unmerge(tape: Tape, dy: Value | undefined, a: Value, b: Value, mode: string): Gradients {
  if (!dy) return [undefined, undefined];
  if (mode === "concat") {
    const [left, right] = [a.shape.at(-1)!, b.shape.at(-1)!];
    return [slice(tape, dy, left + right, 0, a), slice(tape, dy, left + right, left, b)];
  }
  if (mode === "mul") {
    return [b, a].map((other) => {
      const y = tape.tensor(dy.shape);
      tape.emit("multiplyTo", { y, a: dy, b: other, count: sizeOf(dy.shape) });
      return y;
    });
  }
  if (mode !== "ave") return [dy, dy];
  const y = tape.tensor(dy.shape);
  tape.emit("scaleTo", { y, a: dy, factor: 0.5, count: sizeOf(dy.shape) });
  return [y, y];
}

/** Copies columns of a matrix. */
function slice(tape: Tape, x: Value, width: number, first: number, like: Value): Value {
  const own = like.shape.at(-1)!;
  const y = tape.tensor(like.shape);
  const strides = {
    yOuter: 0,
    yInner: own,
    xOuter: 0,
    xInner: width,
    outer: 1,
    inner: sizeOf(like.shape) / own,
    width: own,
  };
  tape.emit("copySteps", { y, x: shifted(x, 4 * first), rowMask: 0, ...strides });
  return y;
}
