import type { Place, Value } from "../plan/buffer.ts";
import type { Shape } from "../tensor.ts";

/** The distinct rows of a table that a batch names. */
export interface TableRows {
  /** The table's row of each: int32 [at least maxRows]. */
  readonly named: Place;
  /** The place in `named` of every row of the table, wrong where it has none: int32 [rows]. */
  readonly map: Place;
  /** How many there are in this run: one int32. */
  readonly total: Place;
  readonly maxRows: number;
  /** The place in `named` of each element of the value: int32. */
  readonly slots: Value;
}

/** What a value was looked up in: a layer that reads it may compute once for each distinct row. */
export interface LookedUp {
  /** Of the value. */
  readonly shape: Shape;
  readonly rows: TableRows;
  /** [rows, width]. */
  readonly table: Place;
  /** Takes the distinct rows' gradients, [maxRows, width], in place of the value's own. */
  readonly giveBack: (gradient: Place) => void;
}

/** The gradient of the rows of a table that have one: [maxRows, width], as far as `rows.total` says. */
export interface RowGradient {
  readonly rows: TableRows;
  readonly gradient: Place;
}

/** The same of a part of a table, rows `first` to `last` − 1, for an update by several threads. */
export interface RangeGradient {
  readonly rows: Pick<TableRows, "named" | "map" | "total">;
  readonly gradient: Place;
  readonly first: number;
  readonly last: number;
}
