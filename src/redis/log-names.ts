import { randomBytes } from 'node:crypto';
import { PREFIX, type RedisConnection } from './connection.ts';

/** How many entries a log keeps, roughly; the text of the turn that runs is kept besides. */
export const MAX_ENTRIES = 5000;

/** What the logs of conversations are called in Redis. */
export class LogNames {
  /** Channels are shared by all databases of a server: their names end with the database's number. */
  readonly channelEnd: string;

  constructor({ commands }: RedisConnection) {
    this.channelEnd = `@${commands.options.db ?? 0}`;
  }

  log(conversationId: string): string {
    return `${PREFIX}log:${conversationId}`;
  }

  /** Where it is told that something was appended, and what. */
  channel(conversationId: string): string {
    return this.log(conversationId) + this.channelEnd;
  }
}

const process = randomBytes(6).toString('hex');
let epochs = 0;

/** A name that no log had before. */
export function newEpoch(): string {
  epochs += 1;
  return `${process}${epochs.toString(36)}`;
}
