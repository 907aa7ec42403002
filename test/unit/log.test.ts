import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'telemetry', 'log.ts');

/** Logs a line once nobody reads its standard error any more, and ends. */
const PROGRAM = `
  import { createLog, writeOut } from ${JSON.stringify(MODULE)};
  const log = createLog('info');
  process.stdin.once('data', async () => {
    log.info('The last words');
    await writeOut(log);
    process.exit(3);
  });
`;

describe('the log of a process', () => {
  it('keeps it from ending by no reader that is gone', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM]);
    const ended = once(child, 'exit');
    child.stderr.destroy();
    await once(child.stderr, 'close');
    child.stdin.write('now');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    expect(await ended).toEqual([3, null]);
    clearTimeout(late);
  });
});
