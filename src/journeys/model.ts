import { InvalidInputError } from '../errors.ts';

/** The span of time a journey is told of; an open end is the beginning of the log, or now. */
export interface JourneySpan {
  since?: Date | null | undefined;
  until?: Date | null | undefined;
}

/** How many of those who entered one stage came to another later. */
export interface ConversionCounts {
  /** Identities that entered the first stage in the span. */
  entered: number;
  /** Those of them that entered the second one after that, up to the end of the span. */
  converted: number;
  /** From first entering the one to first entering the other, in seconds; null when nobody did. */
  medianSeconds: number | null;
}

/** Years of four digits, counted from 1: an offset moves a time that looks like one of them beyond. */
const FIRST_TIME = new Date('0001-01-01T00:00:00Z');
const LAST_TIME = new Date('9999-12-31T23:59:59.999Z');

/** Throws InvalidInputError for a span that ends before it begins, or lies outside of the years 1 to 9999. */
export function checkSpan({ since, until }: JourneySpan): void {
  for (const [path, time] of Object.entries({ since, until })) {
    if (time && (time < FIRST_TIME || time > LAST_TIME))
      throw new InvalidInputError([{ path, message: 'must lie in the years 1 to 9999, in UTC' }]);
  }
  if (since && until && since > until)
    throw new InvalidInputError([{ path: 'until', message: 'must not lie before since' }]);
}
