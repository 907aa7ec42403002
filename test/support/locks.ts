import type { PrismaClient } from '../../src/generated/prisma/client.ts';
import type { TestApp } from './app.ts';

/** Locks a conversation's row, calls one function after another, each when the ones before wait for a lock, then lets go. */
export async function whileLocked<Answers extends Promise<unknown>[]>(
  { database: { db } }: TestApp,
  conversationId: string,
  ...calls: { [Index in keyof Answers]: () => Answers[Index] }
): Promise<Answers> {
  // In an array, so that leaving the transaction waits for none of them.
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT FROM conversations WHERE id = ${conversationId} FOR UPDATE`;
    const answers: Promise<unknown>[] = [];
    for (const call of calls) {
      answers.push(call());
      while ((await waitingForLocks(db)) < answers.length);
    }
    return answers as Answers;
  });
}

/** How many sessions of this database wait for a row. Within a transaction, those that begin after it would not be seen. */
async function waitingForLocks(db: PrismaClient): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}
