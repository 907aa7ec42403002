import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MIN_LENGTH = 32;

/** The secret cannot be used; the message says what to do. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/**
 * The secret of this data folder, made at the first start. Without it, tokens and cursors given out before would be void. Throws for
 * a file that has been cut short: whatever is sealed with that would be open.
 */
export async function readSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'secret');
  await mkdir(dataDir, { recursive: true });
  if (!existsSync(file)) await writeWhole(file, randomBytes(32).toString('base64url'));
  await chmod(file, 0o600);
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret.length < MIN_LENGTH)
    throw new SecretError(
      `${file} has been cut short. Put it back from a backup; or remove it, and all tokens, cursors and webhook secrets are void.`,
    );
  return secret;
}

/** The file is there with all of its content or not at all, also after a crash; one that another process made meanwhile stays. */
async function writeWhole(file: string, content: string): Promise<void> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(unfinished, content, { mode: 0o600, flush: true });
  await link(unfinished, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(unfinished);
}
