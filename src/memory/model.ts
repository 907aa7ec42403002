import { z } from 'zod';
import { isId } from '../ids.ts';
import { atMost, json, nonBlankText } from '../input.ts';

/** So many keys one identity may have; a listing of its memory is never longer. */
export const MAX_ENTRIES = 1000;

const SEGMENTS = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
/** Templates see the keys as nested objects; these names mean something else to objects. */
const REFUSED = new Set(['__proto__', 'constructor', 'prototype']);

/** What a memory entry is kept under, such as `preferences.language`. */
export const memoryKey = z
  .string()
  .check(atMost(() => 200))
  .regex(SEGMENTS, { error: 'must be names of latin letters, digits, _ and -, joined by dots', abort: true })
  .refine((key) => !key.split('.').some((segment) => REFUSED.has(segment)), {
    error: `must not contain ${[...REFUSED].join(', ')}`,
  });

export const rememberInput = z.object({
  key: memoryKey,
  value: json,
  source: nonBlankText
    .check(atMost(() => 100))
    .nullish()
    .transform((source) => source ?? 'api'),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .transform((confidence) => confidence ?? null),
  messageId: z
    .string()
    .refine((id) => isId('Message', id))
    .nullish()
    .transform((id) => id ?? null),
});

export const forgetInput = z.object({ key: memoryKey });
