/** A piece of a template in one line, and how it is shown. */
export interface Piece {
  text: string;
  kind: 'text' | 'block' | 'value' | 'comment';
  wrong: boolean;
}

const MUSTACHE = /\{\{!--[\s\S]*?--\}\}|\{\{[\s\S]*?\}\}\}?/g;

/** A template line by line, its expressions told apart from its text, and the mistake marked. */
export function templateLines(template: string, wrong: readonly [start: number, end: number] | null): Piece[][] {
  const cuts = wrong ? [...wrong] : [];
  const lines: Piece[][] = [[]];
  let at = 0;
  const add = (end: number, kind: Piece['kind']) => {
    // Also cut at the line ends and where the mistake begins and ends.
    while (at < end) {
      const newline = template.indexOf('\n', at);
      const stop = Math.min(end, ...cuts.filter((cut) => cut > at), newline >= at ? newline : end);
      if (stop > at) {
        const marked = wrong !== null && at >= wrong[0] && at < wrong[1];
        lines.at(-1)?.push({ text: template.slice(at, stop), kind, wrong: marked });
      }
      at = stop;
      if (template[at] === '\n' && at < end) {
        lines.push([]);
        at += 1;
      }
    }
  };
  for (const { 0: mustache, index } of template.matchAll(MUSTACHE)) {
    add(index, 'text');
    add(index + mustache.length, kindOf(mustache));
  }
  add(template.length, 'text');
  return lines;
}

function kindOf(mustache: string): Piece['kind'] {
  const inside = mustache.replace(/^\{\{[{~]*\s*/, '');
  if (inside.startsWith('!')) return 'comment';
  return /^(?:[#/^]|else\b)/.test(inside) ? 'block' : 'value';
}
