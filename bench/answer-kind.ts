/** What the upstream answers: agreed between all participants by the name of the model, which is also the channel's key. */
export interface AnswerKind {
  tokens: number;
  /** Between two writes, and before the first one; 0: as fast as it goes. */
  delayMs: number;
  /** How many tokens go out in one write. */
  tokensPerWrite: number;
}

const NAME = /^bench-(\d+)-(\d+)-(\d+)$/;

/** The name of a model that answers so. */
export function modelName({ tokens, delayMs, tokensPerWrite }: AnswerKind): string {
  return `bench-${tokens}-${delayMs}-${tokensPerWrite}`;
}

/** What a model of this name answers; 20 tokens at once for any other name. */
export function parseModelName(name: string): AnswerKind {
  const [, tokens = '20', delayMs = '0', tokensPerWrite = '1'] = NAME.exec(name) ?? [];
  return { tokens: Number(tokens), delayMs: Number(delayMs), tokensPerWrite: Math.max(1, Number(tokensPerWrite)) };
}
