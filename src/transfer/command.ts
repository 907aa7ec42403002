import { ConfigError } from '../config.ts';
import { EmbeddedDatabaseError } from '../database/embedded-account.ts';
import { MigrationError } from '../database/migrator.ts';
import { isDatabaseUnavailable } from '../database/unavailable.ts';
import { loggedError } from '../telemetry/logged-error.ts';
import { type ExportHead, TransferError } from './export-format.ts';
import { inWords } from './progress.ts';

/** The file the command line names. Throws TransferError unless it names one. */
export function fileArgument(command: string): string {
  const [file, ...rest] = process.argv.slice(2);
  if (!file || file.startsWith('-') || rest.length > 0) throw new TransferError(`Usage: npm run ${command} -- <file>`);
  return file;
}

/** How much an export holds, in words. */
export function summaryOf({ tables }: ExportHead): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return `${inWords(rows)} rows of ${tables.length} tables`;
}

const EXPLAINED = [TransferError, ConfigError, EmbeddedDatabaseError, MigrationError];

/** Runs a command to its end; what an operator can mend is told without the details of a fault. */
export function runTransfer(command: () => Promise<void>): void {
  command().catch((error: unknown) => {
    const explained = EXPLAINED.some((ErrorClass) => error instanceof ErrorClass) || isDatabaseUnavailable(error);
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && path) console.error(`There is no file or folder ${path}.`);
    else console.error(explained ? (error as Error).message : loggedError(error));
    process.exitCode = 1;
  });
}
