import { FormatError, type Tensor } from "../platform/node.ts";
import { UsageError } from "./io.ts";

/**
 * Numbers of a file with a row a line, separated by commas, semicolons or tabs. A first line that is not all numbers
 * names the columns.
 *
 * @param columns - Names or numbers from 0; all by default.
 * @returns [rows, columns], or [rows] for a single column that was asked for.
 * @throws {FormatError} If a field is no number; the message names line and column.
 * @throws {UsageError} If there is no such column.
 */
export function readCsv(text: string, name: string, columns?: readonly (string | number)[]): Tensor {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  while (lines.at(-1)?.trim() === "") lines.pop();
  const separator = [",", ";", "\t"].find((mark) => lines[0]?.includes(mark)) ?? ",";
  const rows = lines.map((line) => fields(line, separator));
  const [first = []] = rows;
  const header = first.some((field) => !isNumber(field)) ? rows.shift()! : undefined;
  if (rows.length === 0) throw new FormatError(`${name} holds no rows of numbers`);
  const picked = columns?.map((column) => columnOf(column, header, first.length, name)) ?? first.map((_, i) => i);
  const data = new Float32Array(rows.length * picked.length);
  rows.forEach((row, i) => {
    const line = i + 1 + (header ? 1 : 0);
    if (row.length !== first.length) {
      throw new FormatError(`${name}, line ${line}: ${row.length} fields, expected ${first.length} as in line 1`);
    }
    picked.forEach((column, k) => {
      const field = row[column]!;
      if (!isNumber(field)) {
        const called = header ? `column ${JSON.stringify(header[column])}` : `column ${column}`;
        throw new FormatError(`${name}, line ${line}, ${called}: ${JSON.stringify(field)} is not a number`);
      }
      data[i * picked.length + k] = Number(field);
    });
  });
  return { data, shape: columns?.length === 1 ? [rows.length] : [rows.length, picked.length] };
}

function fields(line: string, separator: string): string[] {
  return line.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
}

function isNumber(field: string): boolean {
  return field !== "" && !Number.isNaN(Number(field));
}

function columnOf(column: string | number, header: readonly string[] | undefined, count: number, name: string): number {
  const at = typeof column === "number" ? column : (header?.indexOf(column) ?? -1);
  if (Number.isInteger(at) && at >= 0 && at < count) return at;
  const has = header ? `its columns are ${header.join(", ")}` : `it has ${count} columns without names, from 0`;
  throw new UsageError(`${name} has no column ${JSON.stringify(column)}; ${has}`);
}
