const NAME = '"content"';
const KEY = `${NAME}:"`;
/** What ends a JSON string, or stands for something else in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings hold none.
const SPECIAL = /["\\\u0000-\u001f]/;

/**
 * Reads chunks that differ from the one before in nothing but their text, which is most of a streamed answer, without parsing them: what
 * stands around the text is compared, and the rest is the text.
 */
export class RepeatedChunk {
  /** What stood before and behind the text. */
  #before = '';
  #behind = '';

  /** The text of a chunk that is otherwise like the last one learned; null: it has to be parsed. */
  textOf(data: string): string | null {
    const begin = this.#before.length;
    const end = data.length - this.#behind.length;
    if (begin === 0 || end < begin || !data.startsWith(this.#before) || !data.endsWith(this.#behind)) return null;
    const text = data.slice(begin, end);
    return SPECIAL.test(text) ? null : text;
  }

  /** Takes note of a chunk that was parsed, and of the text of its first choice. */
  learn(data: string, text: string): void {
    // As a key it is unmistakable: within a string its quotes would be escaped.
    const at = data.indexOf(NAME);
    const begin = at + KEY.length;
    const once = at !== -1 && data.indexOf(NAME, begin) === -1;
    const plain = once && data.startsWith(`${KEY}${text}"`, at);
    this.#before = plain ? data.slice(0, begin) : '';
    this.#behind = plain ? data.slice(begin + text.length) : '';
  }
}
