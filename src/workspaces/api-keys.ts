import { createHash, randomBytes } from 'node:crypto';
import type { ApiKey, Prisma } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';

const PREFIX = 'mp_';
/** How much of a secret is kept readable, so that people can tell keys apart. */
const HINT_LENGTH = PREFIX.length + 6;

/** A new secret: the prefix and 32 random bytes in base64url. */
export function newApiKeySecret(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

/** SHA-256 in hex. A slow hash is not needed: the secret has 256 random bits. */
export function hashApiKeySecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The readable beginning of a secret. */
function apiKeyHint(secret: string): string {
  return secret.slice(0, HINT_LENGTH);
}

/** Stores a key for a secret that is already known, as the first start does. */
export async function saveApiKey(
  db: Prisma.TransactionClient,
  { secret, ...key }: { workspaceId: string; name: string; permissions: ('READ' | 'WRITE')[]; secret: string },
): Promise<{ apiKey: ApiKey; secret: string }> {
  const apiKey = await db.apiKey.create({
    data: { ...key, id: newId('ApiKey'), secretHash: hashApiKeySecret(secret), secretHint: apiKeyHint(secret) },
  });
  return { apiKey, secret };
}
