// Writes everything in the server's database into a file: npm run export -- <file>
import { existsSync } from 'node:fs';
import { readConfig } from './config.ts';
import { reachDatabase } from './database/reach.ts';
import { fileArgument, runTransfer, summaryOf } from './transfer/command.ts';
import { exportDatabase } from './transfer/export-database.ts';
import { TransferError } from './transfer/export-format.ts';
import { createProgress } from './transfer/progress.ts';

runTransfer(async () => {
  const file = fileArgument('export');
  if (existsSync(file)) throw new TransferError(`${file} is there already; it is not written over.`);
  const config = readConfig();
  const { location, stop } = await reachDatabase(config);
  try {
    const head = await exportDatabase(location, {
      file,
      version: config.version,
      progress: createProgress(console.error),
    });
    console.error(`\n${summaryOf(head)} written to ${file}. It holds secrets; keep it like the database.`);
  } finally {
    await stop();
  }
});
