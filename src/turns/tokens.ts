/** Text is counted in slices: the tokenizer's time grows with the square of a run without spaces. */
const SLICE_LENGTH = 512;

let tokenizer: Promise<{ countTokens(text: string): number }> | undefined;

/** Loads the tokenizer's tables (some 200 ms), so that the first turn does not wait for them. */
export async function loadTokenizer(): Promise<void> {
  tokenizer ??= import('gpt-tokenizer/encoding/o200k_base');
  await tokenizer;
}

/** How many tokens a text has in the o200k encoding: exact for most models of OpenAI, an estimate for others. */
export async function countTokens(text: string): Promise<number> {
  tokenizer ??= import('gpt-tokenizer/encoding/o200k_base');
  const { countTokens } = await tokenizer;
  let total = 0;
  for (let start = 0; start < text.length; start += SLICE_LENGTH) {
    total += countTokens(text.slice(start, start + SLICE_LENGTH));
  }
  return total;
}
