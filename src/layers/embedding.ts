import { ShapeError } from "../errors.ts";
import { type GatheredRows, type Place, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, cast } from "../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../tensor.ts";
import { flag, integer, positive } from "./config.ts";
import { type BuildContext, Layer, type LayerSpec, type Weight, type WeightSpec } from "./layer.ts";
import { quantizedTable } from "./packed-weights.ts";
import { tableOnDemand } from "./table-on-demand.ts";

/** Rows of a table by number: [batch, …] of whole numbers in, [batch, …, outputDim] out. Number 0 may be a mask. */
export class Embedding extends Layer {
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.inputDim = integer(this, this.config, "inputDim");
    this.outputDim = positive(this, this.config, "outputDim");
    this.maskZero = flag(this, this.config, "maskZero", false);
  }

  override weightSpecs(_inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return [{ name: "embeddings", shape: [this.inputDim, this.outputDim], trainable: true, quantize: "row" }];
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    if (x.dtype === "string") throw new ShapeError(`${this}: expected row numbers; got strings.`);
    const table = this.needWeight("embeddings");
    const onDemand = table.quantized ? undefined : this.#onDemand(p, table);
    p.checkIndices({ indices: x, limit: table.shape[0]!, owner: String(this), visit: onDemand?.fetch });
    const indices = cast(p, x, "int32");
    const y = p.tensor([...x.shape, this.outputDim]);
    const count = sizeOf(x.shape);
    p.ifRead(y, () => this.#gather(p, table, y, indices, count));
    const mask = this.maskZero ? binary(p, "notEqual", x, 0) : undefined;
    return [withMask({ ...y, gathered: { of: y, table, numbers: indices, read: reader(table) } }, mask)];
  }

  /** The rows that are read were visited by the check of their numbers. */
  #onDemand(p: Planner, { shape }: Weight) {
    const [rows, width] = shape as [number, number];
    return tableOnDemand(p, this, "embeddings", [rows, width], (index) => rowOf(this.needWeight("embeddings"), index));
  }

  #gather(p: Planner, table: Weight, y: Place, indices: Place, count: number): void {
    const sizes = { count, width: this.outputDim };
    if (table.quantized) {
      p.emit("gatherRowsInt8", { y, indices, ...quantizedTable(p, this, "embeddings", table), ...sizes });
    } else {
      p.emit("gatherRows", { y, indices, table: this.#onDemand(p, table).table, ...sizes });
    }
  }
}

/** One float32 row, until the next is asked for: looking at `data` would read a table that is still in its file whole. */
function rowOf(table: Weight, index: number): Float32Array {
  const width = table.shape[1]!;
  return table.row?.(index) ?? table.data.subarray(index * width, (index + 1) * width);
}

/** Reads single rows, of int8 tables too. */
function reader(table: Weight): GatheredRows["read"] {
  const width = table.shape[1]!;
  return (row, target, at) => {
    const { quantized } = table;
    if (!quantized) return target.set(rowOf(table, row), at);
    const from = row * width;
    for (let i = 0; i < width; i++) target[at + i] = quantized.values[from + i]! * quantized.scales[row]!;
  };
}
