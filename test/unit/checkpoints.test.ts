import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Statement, Statements } from '../../src/database/statements.ts';
import { Checkpoints } from '../../src/turns/checkpoints.ts';

/** A running turn that says more whenever it is asked. */
function talking(id: string) {
  let length = 0;
  return {
    turn: { workspaceId: 'wsp_1', conversationId: `cnv_${id}`, id, number: 1, messageId: `msg_${id}`, attempt: 1 },
    pinned: true,
    get shownText() {
      length += 1;
      return 'a'.repeat(length);
    },
    storePin: async () => true,
    told: () => {},
  };
}

describe('checkpoints', () => {
  it('of one turn do not wait for another one, whose row is locked', async () => {
    const [free, locked] = [talking('free'), talking('locked')];
    const stored: string[] = [];
    const twice = Promise.withResolvers<void>();
    const statements = {
      run: async ({ name }: Statement<unknown>) => {
        if (name === 'turn_checkpoint') return new Promise(() => {});
        stored.push(free.turn.id);
        if (stored.length === 2) twice.resolve();
        return [{ id: free.turn.id, cancelRequested: false }];
      },
    } as unknown as Statements;
    const checkpoints = new Checkpoints({ statements, log: pino({ level: 'silent' }) });
    for (const turn of [free, locked]) checkpoints.begin(turn);
    await twice.promise;
    for (const turn of [free, locked]) checkpoints.end(turn);
    expect(stored).toEqual(['free', 'free']);
  });
});
