import Handlebars from 'handlebars';
import { MAX_TEMPLATE_LENGTH } from '../limits.ts';
import { BlockCompiler } from './template-blocks.ts';
import { TemplateError } from './template-error.ts';
import { scanTemplate } from './template-scan.ts';
import { Run } from './template-scope.ts';

export { TemplateError } from './template-error.ts';

/** What a template can name; plain JSON data. A list or an object that is printed comes out as JSON. */
export interface TemplateData {
  identity: {
    /** The key of the stage, which survives a rename. */
    stage: string | null;
    stage_name: string | null;
    name: string | null;
    phone: string | null;
    email: string | null;
    external_id: string | null;
    metadata: Record<string, unknown>;
    stage_metadata: Record<string, unknown>;
  };
  /** As `nestMemory` makes it. */
  memory: Record<string, unknown>;
  channel: { key: string; name: string; type: string };
  workspace: { id: string; name: string };
  /** ISO 8601. */
  now: string;
}

export interface CompiledTemplate {
  /** The text; throws TemplateError when it would pass 262,144 characters or take more than 100,000 steps. */
  render(data: TemplateData): string;
}

const TOO_LONG = `A template may have at most ${MAX_TEMPLATE_LENGTH} characters.`;

/**
 * Compiles a template, of at most 65,536 characters; throws TemplateError for any mistake that shows without data.
 * Handlebars reads the blocks and strips white space; expressions are evaluated by us and never become code.
 */
export function compileTemplate(source: string): CompiledTemplate {
  if (source.length > MAX_TEMPLATE_LENGTH) throw new TemplateError(TOO_LONG, source, MAX_TEMPLATE_LENGTH);
  const nul = source.indexOf('\0');
  if (nul >= 0) throw new TemplateError('A template must not contain the NUL character.', source, nul);
  const scan = scanTemplate(source);
  const top = { source, outer: undefined, blockParams: [], loops: 0 };
  const write = new BlockCompiler(scan).program(Handlebars.parse(scan.skeleton), top, 0);
  return {
    render(data) {
      const run = new Run(source, data);
      write({ value: data, outer: undefined, loop: undefined, run });
      return run.output;
    },
  };
}

/**
 * Memory entries as nested objects: `a.b` becomes the member `b` of `a`. Whatever the order of the entries, the longer
 * key wins: with `a` and `a.b`, `b` is added to the value of `a` if that is an object and else takes its place.
 */
export function nestMemory(entries: Iterable<{ key: string; value: unknown }>): Record<string, unknown> {
  const root = emptyObject();
  const ours = new Set<unknown>();
  const paths = Array.from(entries, ({ key, value }) => ({ parts: key.split('.'), value }));
  for (const { parts, value } of paths.toSorted((a, b) => a.parts.length - b.parts.length)) {
    const last = parts.pop() ?? '';
    let parent = root;
    for (const part of parts) {
      const present = parent[part];
      // An object we did not make is the value of an entry and belongs to the caller: it is copied, not changed.
      const child = ours.has(present)
        ? (present as typeof root)
        : Object.assign(emptyObject(), objectOrNothing(present));
      ours.add(child);
      parent[part] = child;
      parent = child;
    }
    parent[last] = value;
  }
  return root;
}

/** Without a prototype `__proto__` and `constructor` are names like any other. */
function emptyObject(): Record<string, unknown> {
  return Object.create(null);
}

function objectOrNothing(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
