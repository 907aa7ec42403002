import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ApiKey, Prisma } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';

const PREFIX = 'mp_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** So many digits of base 62 have 256 random bits. */
const RANDOM_DIGITS = 43;
/** So many digits of base 62 hold a CRC-32. */
const CHECKSUM_DIGITS = 6;
const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_DIGITS + CHECKSUM_DIGITS}}$`);
/** Of earlier versions too, whose secrets had no checksum. */
const ANY_SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{32,}$`);
/** How much of a secret is kept readable, so that people can tell keys apart. */
const HINT_LENGTH = PREFIX.length + 6;

/** A new secret: the prefix, 43 random letters and digits, and a CRC-32 of all that in six more. */
export function newApiKeySecret(): string {
  const random = Array.from({ length: RANDOM_DIGITS }, () => DIGITS[randomInt(DIGITS.length)]);
  const body = PREFIX + random.join('');
  return body + checksumOf(body);
}

/** Whether a text can only be a secret of ours, of this version or an earlier one. */
export function looksLikeApiKey(text: string): boolean {
  return ANY_SHAPE.test(text);
}

/** Whether a credential has the shape of our secrets but not their checksum: it was mistyped or made up. */
export function isMistyped(credential: string): boolean {
  // Secrets that operators chose, and those of earlier versions, have other shapes.
  if (!SHAPE.test(credential)) return false;
  const body = credential.slice(0, -CHECKSUM_DIGITS);
  return credential.slice(-CHECKSUM_DIGITS) !== checksumOf(body);
}

function checksumOf(body: string): string {
  let left = crc32(body);
  let digits = '';
  while (digits.length < CHECKSUM_DIGITS) {
    digits = DIGITS.charAt(left % DIGITS.length) + digits;
    left = Math.floor(left / DIGITS.length);
  }
  return digits;
}

/** SHA-256 in hex. A slow hash is not needed: the secret has 256 random bits. */
export function hashApiKeySecret(secret: string): string {
  return hash('sha256', secret);
}

/** The readable beginning of a secret. */
function apiKeyHint(secret: string): string {
  return secret.slice(0, HINT_LENGTH);
}

export interface NewApiKey {
  workspaceId: string;
  name: string;
  permissions: ('READ' | 'WRITE')[];
  /** When it ends by itself; null or omitted: never. */
  expiresAt?: Date | null;
  secret: string;
}

/** Stores a key for a secret that is already known, as the first start does. */
export async function saveApiKey(
  db: Prisma.TransactionClient,
  { secret, ...key }: NewApiKey,
): Promise<{ apiKey: ApiKey; secret: string }> {
  const apiKey = await db.apiKey.create({
    data: { ...key, id: newId('ApiKey'), secretHash: hashApiKeySecret(secret), secretHint: apiKeyHint(secret) },
  });
  return { apiKey, secret };
}
