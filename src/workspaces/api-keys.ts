import { createHash, randomBytes } from 'node:crypto';

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
export function apiKeyHint(secret: string): string {
  return secret.slice(0, HINT_LENGTH);
}
