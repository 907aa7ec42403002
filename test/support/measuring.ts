// Loaded into a server with --import: tells on request what it holds after a collection of garbage.
import { MemoryEventLog } from '../../src/turns/memory-event-log.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { Measures } from './measured-server.ts';

let log: MemoryEventLog | undefined;
const { subscribe } = MemoryEventLog.prototype;
MemoryEventLog.prototype.subscribe = function (...args) {
  log = this;
  return subscribe.apply(this, args);
};

process.on('message', () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const measures: Measures = { bytes: heapUsed + external, timers, readers: log?.readers ?? 0 };
  process.send?.(measures);
});
