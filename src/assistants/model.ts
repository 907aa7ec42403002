import { z } from 'zod';
import { nonBlankText, shortName, text } from '../input.ts';
import { compileTemplate, TemplateError } from './template.ts';

const timezone = z.string().refine(isTimezone, { error: 'must be an IANA time zone such as America/Sao_Paulo' });

function isTimezone(zone: string): boolean {
  // Intl also takes offsets such as +03:00, which name no zone.
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}

export const createWorkerInput = z.object({
  name: shortName,
  description: text.nullish(),
  timezone: timezone.nullish(),
});

/** A template that compiles, so that no turn fails for a mistake that shows without data. */
const instructions = nonBlankText.superRefine((source, context) => {
  try {
    compileTemplate(source);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { line, column, message } = error;
    context.addIssue({ code: 'custom', message: `line ${line}, column ${column}: ${message}` });
  }
});

const provider = z
  .string()
  .transform((word) => word.toUpperCase())
  .pipe(z.literal('OPENAI', { error: 'must be OPENAI' }));

const language = z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/, { error: 'must be a language code such as pt or pt-BR' });

const languages = z.array(language).max(50);
const model = nonBlankText.max(100);

export const createAssistantInput = z.object({
  name: shortName,
  instructions,
  model: model.nullish(),
  provider: provider.nullish().transform((name) => name ?? 'OPENAI'),
  languages: languages.nullish().transform((codes) => codes ?? []),
  movesStages: z
    .boolean()
    .nullish()
    .transform((moves) => moves ?? false),
  default: z.boolean().nullish(),
});

/** Omitted keeps, null clears. */
export const updateAssistantInput = z.object({
  name: shortName.optional(),
  instructions: instructions.optional(),
  model: model.nullish(),
  provider: provider.optional(),
  languages: languages.optional(),
  movesStages: z.boolean().optional(),
  default: z.boolean().nullish(),
});
