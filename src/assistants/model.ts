import { z } from 'zod';
import { atMost, nonBlankText, shortName, sizes, text } from '../input.ts';
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
  timezone: timezone.nullish().describe('Of IANA, such as `America/Sao_Paulo`.'),
});

/** A template that compiles, so that nothing fails later for a mistake that shows without data. */
export const template = nonBlankText.check(atMost(() => sizes.templateLength)).superRefine((source, context) => {
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

const languages = z
  .array(language)
  .check(atMost(() => 50, 'items'))
  .describe('Codes such as `pt` or `pt-BR`.');
const model = nonBlankText.check(atMost(() => 100)).describe("Null: the server's own.");
/** Below the smallest nothing useful of a conversation is left. */
const contextTokens = z
  .number()
  .int()
  .min(256)
  .max(10_000_000)
  .describe("How much of the history the model is sent; null: the server's own.");

export const createAssistantInput = z.object({
  name: shortName,
  instructions: template,
  model: model.nullish(),
  provider: provider.nullish().transform((name) => name ?? 'OPENAI'),
  languages: languages.nullish().transform((codes) => codes ?? []),
  movesStages: z
    .boolean()
    .nullish()
    .transform((moves) => moves ?? false),
  contextTokens: contextTokens.nullish(),
  default: z.boolean().nullish().describe('Whether it is to answer by default.'),
});

/** Omitted keeps, null clears. */
export const updateAssistantInput = z.object({
  name: shortName.optional(),
  instructions: template.optional(),
  model: model.nullish(),
  provider: provider.optional(),
  languages: languages.optional(),
  movesStages: z.boolean().optional(),
  contextTokens: contextTokens.nullish(),
  default: z.boolean().nullish().describe('Whether it is to answer by default.'),
});
