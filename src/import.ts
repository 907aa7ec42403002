// Puts an export into an empty database, that of DATABASE_URL or the embedded one: npm run import -- <file>
import { access } from 'node:fs/promises';
import { readConfig } from './config.ts';
import { reachDatabase } from './database/reach.ts';
import { createLog } from './telemetry/log.ts';
import { fileArgument, runTransfer, summaryOf } from './transfer/command.ts';
import { importDatabase } from './transfer/import-database.ts';
import { createProgress } from './transfer/progress.ts';

runTransfer(async () => {
  const file = fileArgument('import');
  // Before a database is made for it.
  await access(file);
  const config = readConfig();
  const { location, stop } = await reachDatabase(config, { make: true });
  try {
    const head = await importDatabase(location, {
      file,
      progress: createProgress(console.error),
      log: createLog('warn'),
    });
    console.error(`\n${summaryOf(head)} of ${head.at} imported from ${file}.`);
  } finally {
    await stop();
  }
});
