import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Announcement, type Announcements, createLocalAnnouncements } from '../announcements.ts';
import type { RedisConnection } from './connection.ts';

/** What one process tells the others at once. */
interface Told {
  from: string;
  announcements: Announcement[];
}

const MISSED: Announcement = { type: 'AnnouncementsMissed' };

/**
 * Announcements among all processes. Whatever could not be heard, or told, while Redis was away is made up for by one
 * AnnouncementsMissed when it is back.
 */
export function createRedisAnnouncements(connection: RedisConnection, log: Logger): Announcements {
  const { channels } = connection;
  const here = createLocalAnnouncements();
  const channel = `${connection.channelPrefix}announcements`;
  const self = randomUUID();
  /** As JSON, so that what is told twice at once is sent once. */
  let waiting = new Set<string>();
  let heard = connection.run !== null;
  let sent = true;

  const send = () => {
    const announcements = [...waiting].map((one) => JSON.parse(one) as Announcement);
    waiting = new Set();
    connection.commands.publish(channel, JSON.stringify({ from: self, announcements } satisfies Told)).catch(() => {
      sent = false;
    });
  };
  const tellOthers = (announcement: Announcement) => {
    if (waiting.size === 0) setImmediate(send);
    waiting.add(JSON.stringify(announcement));
  };
  const makeUp = () => {
    if (!heard) here.tell(MISSED);
    if (!sent) tellOthers(MISSED);
    [heard, sent] = [true, true];
  };

  channels.open(channel, {
    hear(message) {
      const told = parse(message);
      if (!told) log.warn('An announcement of another process could not be understood');
      else if (told.from !== self) for (const announcement of told.announcements) here.tell(announcement);
    },
    lost() {
      heard = false;
    },
  });
  connection.onChange(() => {
    if (connection.run === null) return;
    channels.listening(channel).then(makeUp, (error) => log.debug({ err: error }, 'Redis has gone again'));
  });
  return {
    tell(announcement) {
      here.tell(announcement);
      tellOthers(announcement);
    },
    listen: here.listen,
  };
}

/** Null for what no process of ours tells. */
function parse(message: string): Told | null {
  try {
    const told = JSON.parse(message) as Partial<Told> | null;
    return Array.isArray(told?.announcements) ? (told as Told) : null;
  } catch {
    return null;
  }
}
