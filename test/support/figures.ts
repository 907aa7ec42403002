/** Figures in Prometheus' text format: their values by name and labels, as they are written there. */
export function parseFigures(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The sum of all figures of a name whose labels contain these. */
export function sumOf(figures: Map<string, number>, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const found = [...figures].filter(
    ([key]) => (key === name || key.startsWith(`${name}{`)) && wanted.every((label) => key.includes(label)),
  );
  return found.reduce((sum, [, value]) => sum + value, 0);
}
