/** One training run: Keras' history, and what it is called in the legend. */
export interface CurveRun {
  readonly name: string;
  readonly history: Readonly<Record<string, readonly number[]>>;
}

const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];
const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [420, 240, 56, 64, 70];

/** One pair of curves (training dashed, validation drawn through) per run, of one metric. */
function panel(runs: readonly CurveRun[], metric: string, at: number): string[] {
  const series = runs.flatMap((run, i) =>
    [metric, `val_${metric}`].map((key) => ({ i, key, name: run.name, values: run.history[key] ?? [] })),
  );
  const all = series.flatMap(({ values }) => [...values]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const span = high - low || 1;
  const epochs = Math.max(...series.map(({ values }) => values.length));
  const x = (epoch: number) => at + (epochs === 1 ? 0.5 : epoch / (epochs - 1)) * WIDTH;
  const y = (value: number) => TOP + (1 - (value - low) / span) * HEIGHT;
  const parts = [`<text x="${at}" y="${TOP - 14}" font-weight="600" fill="#111111">${metric}</text>`];
  for (let tick = 0; tick <= 4; tick++) {
    const value = low + (span * tick) / 4;
    parts.push(`<line x1="${at}" x2="${at + WIDTH}" y1="${y(value)}" y2="${y(value)}" stroke="#dddddd"/>`);
    parts.push(
      `<text x="${at - 6}" y="${y(value) + 4}" text-anchor="end" fill="#555555">${value.toPrecision(3)}</text>`,
    );
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    parts.push(
      `<text x="${x(epoch)}" y="${TOP + HEIGHT + 20}" text-anchor="middle" fill="#555555">${epoch + 1}</text>`,
    );
  }
  for (const { i, key, name, values } of series) {
    const colour = COLOURS[i % COLOURS.length]!;
    const dash = key === metric ? ` stroke-dasharray="5 4"` : "";
    const points = values.map((value, epoch) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`);
    parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`);
    values.forEach((value, epoch) => {
      const title = `<title>${name}, epoch ${epoch + 1}, ${key}: ${value.toPrecision(4)}</title>`;
      parts.push(
        `<circle cx="${x(epoch).toFixed(1)}" cy="${y(value).toFixed(1)}" r="4" fill="${colour}">${title}</circle>`,
      );
    });
  }
  return parts;
}

/**
 * Learning curves as SVG text: one panel a metric, epochs to the right.
 *
 * @param foot - Machine, versions, command.
 */
export function learningCurves(runs: readonly CurveRun[], metrics: readonly string[], foot: string): string {
  const width = LEFT + metrics.length * (WIDTH + GAP);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${TOP + HEIGHT + 70}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
  ];
  runs.forEach(({ name }, i) => {
    parts.push(`<circle cx="${LEFT + i * 90 + 5}" cy="22" r="5" fill="${COLOURS[i % COLOURS.length]}"/>`);
    parts.push(`<text x="${LEFT + i * 90 + 15}" y="26" fill="#111111">${name}</text>`);
  });
  const legend = LEFT + runs.length * 90 + 15;
  parts.push(`<text x="${legend}" y="26" fill="#555555">training dashed, validation drawn through; epochs</text>`);
  metrics.forEach((metric, i) => {
    parts.push(...panel(runs, metric, LEFT + i * (WIDTH + GAP)));
  });
  parts.push(`<text x="16" y="${TOP + HEIGHT + 52}" fill="#555555">${foot}</text>`, "</svg>");
  return `${parts.join("\n")}\n`;
}
