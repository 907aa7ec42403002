/** What a row's figure is held to. */
export interface Budget {
  limit: number;
  /** `at most` unless said otherwise. */
  atLeast?: boolean;
}

/** One line of the result. */
export interface Row {
  part: string;
  name: string;
  unit: string;
  /** Medians over the rounds. */
  value: number;
  reference: { name: string; value: number } | null;
  /** What the budget is about: value divided by reference, the difference of both, or the value itself. */
  compared: 'ratio' | 'difference' | 'value';
  median: number;
  min: number;
  max: number;
  perRound: number[];
  budget: Budget | null;
  verdict: 'ok' | 'over' | null;
  /** What else was measured beside it, such as the CPU of PostgreSQL. */
  details: Record<string, unknown>;
}

/** The measured figures of one round. */
export interface Sample {
  value: number;
  reference?: number;
}

export interface RowOptions {
  part: string;
  name: string;
  unit: string;
  samples: readonly Sample[];
  /** What the reference is called; without one the budget is about the value itself. */
  against?: string;
  compared?: Row['compared'];
  budget?: Budget | undefined;
  details?: Record<string, unknown>;
}

/** Compares within each round first: what disturbs a round disturbs both sides of it. */
export function toRow({
  part,
  name,
  unit,
  samples,
  against,
  compared = against ? 'ratio' : 'value',
  budget,
  details = {},
}: RowOptions): Row {
  const perRound = samples.map((sample) => compare(sample, compared));
  const median = medianOf(perRound);
  const references = samples.map(({ reference }) => reference ?? 0);
  return {
    ...{ part, name, unit, compared, perRound, median, details },
    value: medianOf(samples.map(({ value }) => value)),
    reference: against ? { name: against, value: medianOf(references) } : null,
    min: Math.min(...perRound),
    max: Math.max(...perRound),
    budget: budget ?? null,
    verdict: budget ? (within(median, budget) ? 'ok' : 'over') : null,
  };
}

function compare({ value, reference = 0 }: Sample, compared: Row['compared']): number {
  if (compared === 'value') return value;
  return compared === 'ratio' ? value / reference : value - reference;
}

function within(figure: number, { limit, atLeast = false }: Budget): boolean {
  return atLeast ? figure >= limit : figure <= limit;
}

/** The middle of the values, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  const [low = 0, high = low] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return (low + high) / 2;
}
