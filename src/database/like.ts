/** Text for `contains` and `startsWith`: `%`, `_` and `\` stand for themselves, which Prisma leaves to the caller. */
export function literally(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
