import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const PREFIX = 'sealed1.';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whose secret it is: sealed for one webhook, it opens for no other. */
export interface SecretOwner {
  workspaceId: string;
  url: string;
}

/** Keeps the secrets of webhooks from whoever reads the database without being the server. */
export interface SecretSeal {
  seal(secret: string, owner: SecretOwner): string;
  /** The secret as it was; null when it was sealed under another key, or for another webhook. One that was never sealed stays. */
  open(stored: string, owner: SecretOwner): string | null;
}

/** Seals with AES-256-GCM, under a key of its own made from the server's secret (HKDF). */
export function createSecretSeal(secret: string): SecretSeal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'secrets of webhooks', 32));
  return {
    seal(plain, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(nameOf(owner));
      const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return PREFIX + sealed.toString('base64url');
    },
    open(stored, owner) {
      if (!stored.startsWith(PREFIX)) return stored;
      const sealed = Buffer.from(stored.slice(PREFIX.length), 'base64url');
      try {
        const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
        decipher.setAAD(nameOf(owner)).setAuthTag(sealed.subarray(-TAG_BYTES));
        const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([plain, decipher.final()]).toString();
      } catch {
        return null;
      }
    },
  };
}

function nameOf({ workspaceId, url }: SecretOwner): Buffer {
  return Buffer.from(`${workspaceId} ${url}`);
}
