import { UnsupportedLayerError } from "../../errors.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, cast, matmul, reduce, transpose } from "../../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { anyActivation, applyActivation } from "../activation.ts";
import { weightValue } from "../activation-layers.ts";
import { text } from "../config.ts";
import type { WeightSpec } from "../layer.ts";
import { FreeShapeLayer } from "../simple-layer.ts";

/** The axes of one operand by letter; an ellipsis becomes digits, counted from the right. */
function lettersOf(term: string, rank: number, owner: string): string[] {
  const dots = rank - term.replace("...", "").length;
  const letters = [...term.replace("...", Array.from({ length: Math.max(dots, 0) }, (_, i) => dots - 1 - i).join(""))];
  if (letters.length !== rank || new Set(letters).size !== rank) {
    throw new UnsupportedLayerError(`${owner}: the term "${term}" of an einsum does not fit a tensor of ${rank} axes.`);
  }
  return letters;
}

/**
 * A product of two tensors by Einstein's notation: `"btd,de->bte"`. Every axis of the operands is contracted, shared or
 * kept; none is summed alone or repeated.
 */
export function einsum(p: Planner, equation: string, a: Value, b: Value, owner: string): Value {
  const [left, target] = equation.replace(/\s/g, "").split("->");
  const terms = left!.split(",");
  if (terms.length !== 2 || target === undefined) {
    throw new UnsupportedLayerError(`${owner}: the einsum "${equation}" is not supported; two operands and "->" are.`);
  }
  const [x, y] = [lettersOf(terms[0]!, a.shape.length, owner), lettersOf(terms[1]!, b.shape.length, owner)];
  const dots = Math.max(...[x, y].map((letters) => letters.filter((letter) => /\d/.test(letter)).length));
  const out = lettersOf(target, target.replace("...", "").length + (target.includes("...") ? dots : 0), owner);
  const kept = (letters: readonly string[], others: readonly string[]) =>
    letters.filter((letter) => out.includes(letter) && !others.includes(letter));
  const shared = x.filter((letter) => y.includes(letter) && out.includes(letter));
  const summed = x.filter((letter) => y.includes(letter) && !out.includes(letter));
  const [rows, columns] = [kept(x, y), kept(y, x)];
  if (
    shared.length + summed.length + rows.length !== x.length ||
    shared.length + summed.length + columns.length !== y.length
  ) {
    throw new UnsupportedLayerError(
      `${owner}: the einsum "${equation}" sums an axis of one operand alone; that is not supported.`,
    );
  }
  const size = (letter: string) => (x.includes(letter) ? a.shape[x.indexOf(letter)]! : b.shape[y.indexOf(letter)]!);
  const sizes = (letters: readonly string[]) => letters.map(size);
  const product = (letters: readonly string[]) => sizeOf(sizes(letters));
  const first = transpose(
    p,
    a,
    [...shared, ...rows, ...summed].map((letter) => x.indexOf(letter)),
  );
  const second = transpose(
    p,
    b,
    [...shared, ...summed, ...columns].map((letter) => y.indexOf(letter)),
  );
  const z = matmul(
    p,
    reshaped(first, [product(shared), product(rows), product(summed)]),
    reshaped(second, [product(shared), product(summed), product(columns)]),
  );
  const order = [...shared, ...rows, ...columns];
  return transpose(
    p,
    reshaped(z, sizes(order)),
    out.map((letter) => order.indexOf(letter)),
  );
}

/** The same for one operand or more: an axis that one operand alone has is summed first, products go from left to right. */
export function einsumOf(p: Planner, equation: string, operands: readonly Value[], owner: string): Value {
  const [left, target] = equation.replace(/\s/g, "").split("->");
  const terms = left!.split(",");
  if (target === undefined || terms.length !== operands.length || (equation.includes("...") && operands.length !== 2)) {
    throw new UnsupportedLayerError(
      `${owner}: the einsum "${equation}" is not supported with ${operands.length} operands; it needs a "->", and "..." goes with two.`,
    );
  }
  if (equation.includes("...")) return einsum(p, equation, operands[0]!, operands[1]!, owner);
  let made = { term: "", value: operands[0]! };
  operands.forEach((operand, i) => {
    const elsewhere = (letter: string) => target.includes(letter) || terms.some((t, k) => k > i && t.includes(letter));
    const others = (letter: string) => elsewhere(letter) || (i > 0 && made.term.includes(letter));
    const letters = lettersOf(terms[i]!, operand.shape.length, owner);
    const alone = letters.flatMap((letter, axis) => (others(letter) ? [] : [axis]));
    const own = {
      term: letters.filter(others).join(""),
      value: alone.length > 0 ? reduce(p, "sum", operand, alone) : operand,
    };
    if (i === 0) made = own;
    else {
      const all = [...new Set(made.term + own.term)];
      const term = i === operands.length - 1 ? target : all.filter(elsewhere).join("");
      made = { term, value: einsum(p, `${made.term},${own.term}->${term}`, made.value, own.value, owner) };
    }
  });
  return transpose(
    p,
    made.value,
    [...target].map((letter) => made.term.indexOf(letter)),
  );
}

/** A dense product by an einsum equation: activation(einsum(x, kernel) + bias). */
export class EinsumDense extends FreeShapeLayer {
  override freeSpecs(): readonly WeightSpec[] {
    const names = this.config["biasAxes"] == null ? ["kernel"] : ["kernel", "bias"];
    return names.map((name) => ({ name, shape: [] as Shape, trainable: true }));
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = cast(p, inputs[0]!, "float32");
    const equation = text(this, this.config, "equation");
    let y = einsum(p, equation, x, weightValue(p, this, this.needWeight("kernel")), String(this));
    const bias = this.weight("bias");
    if (bias) {
      const axes = String(this.config["biasAxes"]);
      const out = lettersOf(equation.replace(/\s/g, "").split("->")[1]!, y.shape.length, String(this));
      let at = 0;
      // Keras keeps the bias with ones up to the end: only its own axes count here.
      const own = bias.shape.filter((n) => n !== 1);
      const shape = out.map((letter, i) => (axes.includes(letter) && y.shape[i] !== 1 ? (own[at++] ?? 1) : 1));
      y = binary(p, "add", y, reshaped(weightValue(p, this, bias), shape));
    }
    // No Keras hands a mask on here.
    return [applyActivation(p, y, anyActivation(this, this.config, "activation", this.profile))];
  }
}
