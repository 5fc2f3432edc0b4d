/** A line of the chart: one workload with a dot for every peer. */
export interface ChartLine {
  readonly label: string;
  readonly points: readonly { readonly series: string; readonly value: number }[];
}

const COLOURS = ["#0072b2", "#56b4e9", "#555555", "#d55e00", "#e69f00", "#cc79a7", "#009e73", "#999933"];
const LEFT = 390;
const WIDTH = 1000;
const RIGHT = 24;
const LINE = 26;
const TOP = 92;

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function decimals(value: number): string {
  return value < 1 ? String(value) : value.toFixed(0);
}

/**
 * A dot plot on a logarithmic axis as SVG text.
 *
 * @param lines - Values are ratios; 1 gets a marked line.
 * @param foot - Machine, versions and date.
 */
export function dotChart(title: string, lines: readonly ChartLine[], foot: string): string {
  const series = [...new Set(lines.flatMap((line) => line.points.map((point) => point.series)))];
  const colour = (name: string) => COLOURS[series.indexOf(name) % COLOURS.length]!;
  const values = lines.flatMap((line) => line.points.map((point) => point.value));
  const low = Math.floor(Math.log10(Math.min(0.1, ...values)));
  const high = Math.ceil(Math.log10(Math.max(10, ...values)));
  const x = (value: number) => LEFT + ((Math.log10(value) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + lines.length * LINE;
  const parts: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 56}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="17" font-weight="600" fill="#111111">${escapeText(title)}</text>`,
  ];
  let at = 16;
  for (const name of series) {
    parts.push(`<circle cx="${at + 5}" cy="50" r="5" fill="${colour(name)}"/>`);
    parts.push(`<text x="${at + 15}" y="54" fill="#111111">${escapeText(name)}</text>`);
    at += 34 + name.length * 6.6;
  }
  for (let power = low; power <= high; power++) {
    const value = 10 ** power;
    const stroke = power === 0 ? "#888888" : "#dddddd";
    parts.push(`<line x1="${x(value)}" x2="${x(value)}" y1="${TOP - 8}" y2="${bottom}" stroke="${stroke}"/>`);
    parts.push(`<text x="${x(value)}" y="${TOP - 14}" text-anchor="middle" fill="#555555">×${decimals(value)}</text>`);
  }
  lines.forEach((line, i) => {
    const y = TOP + (i + 0.5) * LINE;
    parts.push(`<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end" fill="#111111">${escapeText(line.label)}</text>`);
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#f0f0f0"/>`);
    // The first series is ours: it is drawn last, on top.
    for (const { series: name, value } of [...line.points].reverse()) {
      parts.push(
        `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="6" fill="${colour(name)}"><title>${escapeText(name)}: ×${value.toPrecision(3)}</title></circle>`,
      );
    }
  });
  parts.push(`<text x="16" y="${bottom + 36}" fill="#555555">${escapeText(foot)}</text>`, "</svg>");
  return `${parts.join("\n")}\n`;
}
