import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Reply } from './scripted-model.ts';
import { turnsAt } from './server-process.ts';

const TOKEN_MS = 10;
const MAX_LOSS_MS = 1000;
const MAX_RECOVERY_MS = 20_000;

/** When the model gave each token of an answer, by what it was asked. */
const given = new Map<string, number[]>();

/** What was measured in this file: text lost and time until an outcome, in milliseconds. */
export const measured = { losses: [] as number[], recoveries: [] as number[] };

/** Speaks until nobody listens. */
export const endless: Reply = async (call, { userText }) => {
  const times: number[] = [];
  given.set(userText, times);
  let left = false;
  void call.ended.then(() => {
    left = true;
  });
  call.openStream();
  while (!left) {
    await call.chunk({ content: ` ${times.length}` });
    times.push(performance.now());
    await pause(TOKEN_MS);
  }
};

/** Resolves once these endless answers are so long that some of their text must have been stored. */
export async function underWay(texts: string[], also: () => boolean = () => true): Promise<void> {
  const enough = (text: string) =>
    (given.get(text)?.[0] ?? Number.POSITIVE_INFINITY) < performance.now() - 1.2 * MAX_LOSS_MS;
  while (!texts.every(enough) || !also()) await pause(20);
}

/** How these turns ended, by id; fails when one has not in time. */
// biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which know their shape
export async function outcomesOf(origin: string, ids: string[]): Promise<Map<string, any>> {
  const begun = performance.now();
  for (;;) {
    const turns = await turnsAt(origin, ids);
    if (turns.every(({ status }) => status !== 'QUEUED' && status !== 'RUNNING')) {
      measured.recoveries.push(performance.now() - begun);
      return new Map(turns.map((turn) => [turn.id as string, turn]));
    }
    if (performance.now() - begun > MAX_RECOVERY_MS) throw new Error(`No outcome: ${JSON.stringify(turns)}`);
    await pause(50);
  }
}

/** Holds what is stored of an endless answer against what was given: its beginning, at most the last second missing. */
export function expectPartial(
  turn: { status: string; error: unknown; reply: { text: string } | null },
  text: string,
  killedAt: number,
): void {
  expect(turn).toMatchObject({ status: 'FAILED', error: { code: 'INTERRUPTED' } });
  const times = given.get(text) ?? [];
  const stored = turn.reply?.text ?? '';
  const count = stored.match(/ \d+/g)?.length ?? 0;
  expect(stored).toBe(
    times
      .slice(0, count)
      .map((_, index) => ` ${index}`)
      .join(''),
  );
  const loss = killedAt - (times[count] ?? killedAt);
  measured.losses.push(loss);
  expect(loss).toBeLessThanOrEqual(MAX_LOSS_MS);
}
