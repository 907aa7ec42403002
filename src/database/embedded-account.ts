// PostgreSQL refuses to run as root. A server that runs as root hands it to another account, and finds a way for
// that account to reach the programs and the data, which often lie in a folder only root may enter.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The embedded database cannot be had; the message tells an operator why and what to do. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError';
}

/** An account of the operating system, by numbers. */
export interface Account {
  uid: number;
  gid: number;
}

/** How PostgreSQL's programs are run: through which command, and as whom (undefined: as this process). */
export interface Runner {
  prefix: string[];
  account: Account | undefined;
  /** What spawn needs on top of the prefix. An empty environment keeps our secrets and the caller's locale out. */
  options: { env: Record<string, string>; uid?: number; gid?: number };
}

/**
 * The least privileged way to run `postgres` so that it reaches every given directory; `owner` is who the data
 * belongs to already. Throws EmbeddedDatabaseError when there is none.
 */
export async function findRunner(postgres: string, directories: string[], owner?: Account): Promise<Runner> {
  const self: Runner = { prefix: [], account: undefined, options: { env: {} } };
  const root = process.getuid?.() === 0;
  const runners = root ? runnersFor(owner ?? (await serviceAccount())) : [self];
  let obstacle = '';
  for (const runner of runners) {
    obstacle = await obstacleFor(runner, postgres, directories);
    if (obstacle === '') return runner;
  }
  if (!root || (await obstacleFor(self, postgres, directories)) !== '') {
    throw new EmbeddedDatabaseError(
      `The embedded PostgreSQL does not run on this system: ${obstacle}. Set DATABASE_URL to a PostgreSQL server.`,
    );
  }
  throw new EmbeddedDatabaseError(
    `PostgreSQL cannot run as root, and the account it would run as (uid ${runners[0]?.account?.uid}) cannot reach ` +
      `${directories.join(' and ')} or ${postgres}: ${obstacle}. Start Milepost as an ordinary user, move it and ` +
      'MILEPOST_DATA_DIR to a folder that every account may enter (such as /opt), or set DATABASE_URL.',
  );
}

/** Where the first one fails the next may not: a capability that looks past closed folders, then one that looks past files. */
function runnersFor(account: Account): Runner[] {
  const withCapability = (capability: string): Runner => ({
    // PostgreSQL checks its own programs with access(2), which ignores capabilities unless no_setuid_fixup is set.
    prefix: [
      'setpriv',
      `--reuid=${account.uid}`,
      `--regid=${account.gid}`,
      '--clear-groups',
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      '--securebits=+no_setuid_fixup',
    ],
    account,
    options: { env: {} },
  });
  return [
    { prefix: [], account, options: { env: {}, ...account } },
    withCapability('dac_read_search'),
    withCapability('dac_override'),
  ];
}

/** Why the runner cannot run `postgres` and enter the directories, or an empty string. */
async function obstacleFor(runner: Runner, postgres: string, directories: string[]): Promise<string> {
  const script = '"$0" --version && for directory; do cd -- "$directory" || exit; done';
  const [command = '', ...args] = [...runner.prefix, 'sh', '-c', script, postgres, ...directories];
  try {
    const { stderr } = await run(command, args, { ...runner.options, cwd: '/' });
    // Only a warning here, but initdb fails with the same words.
    return stderr.includes('invalid binary') ? stderr.trim() : '';
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return (stderr || message).trim().replace(/\.$/, '');
  }
}

async function serviceAccount(): Promise<Account> {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    if (uid && gid) return { uid, gid };
  }
  throw new EmbeddedDatabaseError(
    'PostgreSQL cannot run as root, and this system has neither an account postgres nor nobody. ' +
      'Start Milepost as an ordinary user, create one of them, or set DATABASE_URL.',
  );
}

function idOf(flag: '-u' | '-g', name: string): Promise<number | undefined> {
  return run('id', [flag, name]).then(
    ({ stdout }) => Number(stdout),
    () => undefined,
  );
}
