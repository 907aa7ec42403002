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

/** Throws InvalidInputError for a span that ends before it begins. */
export function checkSpan({ since, until }: JourneySpan): void {
  if (since && until && since > until)
    throw new InvalidInputError([{ path: 'until', message: 'must not lie before since' }]);
}
