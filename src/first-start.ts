import { createHash } from 'node:crypto';
import { addDemo } from './demo.ts';
import type { PrismaClient } from './generated/prisma/client.ts';
import { newId } from './ids.ts';
import { newApiKeySecret, saveApiKey } from './workspaces/api-keys.ts';

/** The advisory lock that keeps two processes that start together from both making the first workspace. */
export const FIRST_START_LOCK = Number.parseInt(
  createHash('sha256').update('milepost first start').digest('hex').slice(0, 8),
  16,
);

export interface FirstStartOptions {
  /** The secret of the first API key; undefined: one is made. */
  apiKey: string | undefined;
  /** Whether to add something one can talk to at once. */
  demo: boolean;
}

/** An import holds the lock for as long as it takes, and then the database is not empty. */
const PATIENT = { timeout: 86_400_000 };

/** Gives an empty database its workspace, a first API key and the demo, all or nothing. Returns the key's secret; null when the database is not empty. */
export async function prepareFirstStart(db: PrismaClient, { apiKey, demo }: FirstStartOptions): Promise<string | null> {
  return db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${FIRST_START_LOCK}::bigint)`;
    if ((await tx.workspace.count()) > 0) return null;
    const secret = apiKey ?? newApiKeySecret();
    const workspace = await tx.workspace.create({ data: { id: newId('Workspace'), name: 'Default' } });
    await saveApiKey(tx, { workspaceId: workspace.id, name: 'First key', permissions: ['READ', 'WRITE'], secret });
    if (demo) await addDemo(tx, workspace.id);
    return secret;
  }, PATIENT);
}
