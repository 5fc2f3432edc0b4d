import { describe, expect, it } from "vitest";
import { dotChart } from "../../bench/support/chart.ts";
import { mergeReport } from "../../bench/support/merge-report.ts";
import { digits, formatMs, formatRatio } from "../../bench/support/report.ts";
import { markdownTable, slug } from "../../bench/support/results.ts";
import { percent, table } from "../../bench/table.ts";

describe("figures as text", () => {
  it("keeps three digits and no exponent", () => {
    expect([0.239, 17.24, 1234.4, 0, 0.000123456].map(digits)).toEqual(["0.239", "17.2", "1234", "0", "0.000123"]);
    expect(digits(Number.NaN)).toBe("–");
  });

  it("changes to microseconds below a millisecond", () => {
    expect(formatMs(0.563)).toBe("563 µs");
    expect(formatMs(17.2)).toBe("17.2 ms");
  });

  it("writes ratios, shares and missing ones", () => {
    expect(formatRatio(0.5)).toBe("×0.500");
    expect(formatRatio(undefined)).toBe("–");
    expect(percent(0.876)).toBe("88%");
  });
});

describe("tables", () => {
  it("pads columns to the widest cell", () => {
    expect(table(["a", "long"], [["wide", "1"]]).split("\n")).toEqual(["   a  long", "────  ────", "wide     1"]);
  });

  it("escapes what ends a Markdown cell", () => {
    expect(markdownTable({ head: ["a", "b"], rows: [["x|y", "1"]] })).toBe("| a | b |\n| --- | ---: |\n| x\\|y | 1 |");
  });
});

describe("names of results files", () => {
  it("keeps what tells processors apart", () => {
    expect(slug("Intel(R) Xeon(R) Processor")).toBe("intel-xeon");
    expect(slug("AMD EPYC 7763 64-Core Processor")).toBe("amd-epyc-7763-64");
  });
});

describe("dotChart", () => {
  const lines = [
    {
      label: "A <one>",
      points: [
        { series: "ours", value: 0.1 },
        { series: "theirs & others", value: 1 },
      ],
    },
    { label: "B", points: [{ series: "ours", value: 10 }] },
  ];
  const svg = dotChart("Title", lines, "foot");
  const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="6" fill="(#\w+)"><title>([^<]*)</g)];

  it("puts a dot for every point, left of where more time is, on its own line", () => {
    const at = new Map(dots.map(([, x, y, , title]) => [title, { x: Number(x), y: Number(y) }]));
    expect([...at.keys()].sort()).toEqual(["ours: ×0.100", "ours: ×10.0", "theirs &amp; others: ×1.00"]);
    const [tenth, one, ten] = ["ours: ×0.100", "theirs &amp; others: ×1.00", "ours: ×10.0"].map(
      (name) => at.get(name)!,
    );
    // Equal ratios are equal distances: the axis is logarithmic.
    expect(one!.x - tenth!.x).toBeCloseTo(ten!.x - one!.x, 0);
    expect(one!.x).toBeGreaterThan(tenth!.x);
    expect(ten!.y).toBeGreaterThan(one!.y);
    expect(tenth!.y).toBe(one!.y);
  });

  it("draws ours last, on top, and gives each series one colour", () => {
    expect(dots[1]![4]).toContain("ours");
    expect(new Set(dots.filter(([, , , , title]) => title!.startsWith("ours")).map(([, , , fill]) => fill)).size).toBe(
      1,
    );
  });

  it("escapes labels", () => {
    expect(svg).toContain("A &lt;one&gt;");
    expect(svg).not.toContain("<one>");
  });
});

describe("mergeReport", () => {
  const tableOf = (title: string, cell: string) => ({ title, head: ["a"], rows: [[cell]] });
  const report = (tables: readonly (readonly [string, string])[], data: unknown) => ({
    suite: "layers",
    title: "Layers",
    tables: tables.map(([title, cell]) => tableOf(title, cell)),
    data,
  });

  it("renews what was measured again and keeps the order and the rest", () => {
    const before = report(
      [
        ["A", "1"],
        ["B", "2"],
      ],
      [
        { id: "a", ms: 1 },
        { id: "b", ms: 2 },
      ],
    );
    const now = report(
      [
        ["A", "3"],
        ["C", "4"],
      ],
      [
        { id: "a", ms: 3 },
        { id: "c", ms: 4 },
      ],
    );
    const merged = mergeReport(before, now);
    expect(merged.tables).toEqual([tableOf("A", "3"), tableOf("B", "2"), tableOf("C", "4")]);
    expect(merged.data).toEqual([
      { id: "a", ms: 3 },
      { id: "b", ms: 2 },
      { id: "c", ms: 4 },
    ]);
  });

  it("merges numbers by name", () => {
    expect(mergeReport(report([], { units: 1, batch: 2 }), report([], { batch: 3 })).data).toEqual({
      units: 1,
      batch: 3,
    });
    expect(mergeReport(undefined, report([], 1)).data).toBe(1);
  });
});
