// Looks at everything the server needs, changes nothing, and says what to do: npm run doctor
import { ConfigError, readConfig } from './config.ts';
import { type Finding, lineOf, wrong } from './doctor/finding.ts';
import { checkDataFolder, checkNode, checkOpenFiles, checkPort } from './doctor/machine.ts';
import { checkDatabase, checkModel, checkRedis } from './doctor/services.ts';

/** Each is told as soon as it is known. */
async function* findings(): AsyncGenerator<Finding> {
  yield checkNode();
  const config = readConfig();
  // With a database of its own, the server keeps nothing there.
  if (!config.databaseUrl) yield* await checkDataFolder(config.dataDir);
  yield* await checkDatabase(config);
  yield await checkRedis(config);
  yield await checkModel(config);
  yield* await checkOpenFiles(config.maxConnections);
  yield await checkPort(config.port, config.host);
}

function tell(finding: Finding): void {
  process.stdout.write(`${lineOf(finding)}\n`);
  if (finding.hint !== null) process.exitCode = 1;
}

try {
  for await (const finding of findings()) tell(finding);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const fault of error.message.split('\n'))
    tell(wrong('Configuration', fault, 'Correct the variable, or unset it.'));
}
