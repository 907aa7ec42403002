import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSecret } from '../../src/secret.ts';

describe('the secret of a data folder', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-secret-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, whoever asks first, and readable for its owner only', async () => {
    const secrets = new Set(await Promise.all(Array.from({ length: 10 }, () => readSecret(folder))));
    expect([secrets.size, ...secrets]).toEqual([1, await readFile(join(folder, 'secret'), 'utf8')]);
    expect(await readdir(folder)).toEqual(['secret']);
    expect((await stat(join(folder, 'secret'))).mode & 0o777).toBe(0o600);
  });

  it.each(['', 'cut short'])('is refused when the file says %j', async (content) => {
    await writeFile(join(folder, 'secret'), content);
    await expect(readSecret(folder)).rejects.toThrow('has been cut short. Put it back from a backup');
  });
});
