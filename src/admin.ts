// Looks after workspaces and their API keys from the command line: npm run admin -- help
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from './config.ts';
import { openDatabase } from './database/client.ts';
import { EmbeddedDatabaseError } from './database/embedded-account.ts';
import { MigrationError, migrateDatabase } from './database/migrator.ts';
import { reachDatabase } from './database/reach.ts';
import { isDatabaseUnavailable } from './database/unavailable.ts';
import { DomainError } from './errors.ts';
import type { ApiKey, PrismaClient, Workspace } from './generated/prisma/client.ts';
import { loggedError } from './telemetry/logged-error.ts';
import { besideKey, createWorkspace, inWorkspace, listWorkspaces } from './workspaces/administration.ts';
import { createApiKey, listApiKeys, revokeApiKey } from './workspaces/operations.ts';

const USAGE = `Usage: npm run admin -- <command>

  workspace list
  workspace create <name>
  key list [--workspace <id or name>] [--revoked]
  key create <name> [--workspace <id or name>] [--permissions read,write] [--expires-at 2030-01-31T12:00:00Z]
  key revoke <id>

The workspace can be left out while there is one only. --json prints JSON. The database is the server's: that of
DATABASE_URL, or the embedded one in MILEPOST_DATA_DIR, whether or not the server runs.
`;

const OPTIONS = {
  workspace: { type: 'string' },
  permissions: { type: 'string', default: 'read,write' },
  'expires-at': { type: 'string' },
  revoked: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The command line is wrong. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = ReturnType<typeof readArguments>['values'];
/** One thing that is shown: its fields by their names. */
type Shown = Record<string, unknown>;
type Command = (db: PrismaClient, argument: string | undefined, options: Options) => Promise<Shown | Shown[]>;

const COMMANDS: Record<string, Command> = {
  'workspace list': async (db) => (await listWorkspaces(db)).map(showWorkspace),
  'workspace create': async (db, name) => showWorkspace(await createWorkspace(db, { name: required(name, 'name') })),
  'key list': async (db, _none, { workspace, revoked }) =>
    (await listApiKeys(await inWorkspace(db, workspace), {}, { includeRevoked: revoked })).map(showKey),
  'key create': async (db, name, { workspace, permissions, ...options }) => {
    const input = {
      name: required(name, 'name'),
      permissions: permissions.split(','),
      expiresAt: options['expires-at'],
    };
    const { apiKey, secret } = await createApiKey(await inWorkspace(db, workspace), input);
    return { ...showKey(apiKey), secret };
  },
  'key revoke': async (db, id) =>
    showKey(await revokeApiKey(await besideKey(db, required(id, 'id')), required(id, 'id'))),
};

async function main(): Promise<void> {
  const { values: options, positionals } = readArguments();
  const [noun = 'help', verb, argument, ...rest] = positionals;
  if (noun === 'help' || options.help) return void process.stdout.write(USAGE);
  const command = COMMANDS[`${noun} ${verb}`];
  if (!command || rest.length > 0) throw new UsageError(`There is no such command: ${positionals.join(' ')}.`);
  const { location, stop } = await reachDatabase(readConfig());
  try {
    await migrateDatabase(location);
    const { db, close } = openDatabase({ location, maxConnections: 1, onConnectionLost: () => {} });
    try {
      const shown = await command(db, argument, options);
      process.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : asText(shown));
    } finally {
      await close();
    }
  } finally {
    await stop();
  }
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function required(argument: string | undefined, name: string): string {
  if (argument === undefined) throw new UsageError(`The ${name} is missing.`);
  return argument;
}

function showWorkspace({ id, name, createdAt }: Workspace): Shown {
  return { id, name, createdAt };
}

function showKey({ id, name, secretHint, permissions, createdAt, expiresAt, lastUsedAt, revokedAt }: ApiKey): Shown {
  return { id, name, secretHint, permissions, createdAt, expiresAt, lastUsedAt, revokedAt };
}

/** A list as a table, one thing as lines. */
function asText(shown: Shown | Shown[]): string {
  const words = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value ?? '-'));
  if (!Array.isArray(shown)) {
    return Object.entries(shown)
      .map(([name, value]) => `${name.padEnd(13)}${words(value)}\n`)
      .join('');
  }
  const [first] = shown;
  if (!first) return 'There are none.\n';
  const rows = [Object.keys(first), ...shown.map((one) => Object.values(one).map(words))];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

const EXPLAINED = [DomainError, ConfigError, EmbeddedDatabaseError, MigrationError];

main().catch((error: unknown) => {
  const explained = EXPLAINED.some((ErrorClass) => error instanceof ErrorClass) || isDatabaseUnavailable(error);
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else console.error(explained ? (error as Error).message : loggedError(error));
  process.exitCode = 1;
});
