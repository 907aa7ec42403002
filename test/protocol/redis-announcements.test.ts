import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Announcement, Announcements } from '../../src/announcements.ts';
import { createRedisAnnouncements } from '../../src/redis/announcements.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { anyRedis, NO_REDIS_URL } from '../support/redis.ts';
import { type RedisLine, startRedisLine } from '../support/redis-line.ts';

const log = pino({ level: 'silent' });
const SUITE = 'announcements over Redis';
const moved = (workspaceId: string): Announcement => ({ type: 'IdentitiesMoved', workspaceId });

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let redis: Awaited<ReturnType<typeof anyRedis>>;
  let line: RedisLine;
  let connections: RedisConnection[];
  let here: Announcements;
  let elsewhere: Announcements;

  beforeAll(async () => {
    redis = await anyRedis();
    line = await startRedisLine(redis.url);
    connections = [line.url, redis.url].map((url) => new RedisConnection(url, log));
    await Promise.all(connections.map((connection) => connection.open()));
    [here, elsewhere] = connections.map((connection) => createRedisAnnouncements(connection, log)) as [
      Announcements,
      Announcements,
    ];
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await line.close();
    await redis.stop();
  });

  /** Everything one hears up to the last of these. */
  function hearing(at: Announcements, isLast: (announcement: Announcement) => boolean): Promise<Announcement[]> {
    return new Promise((resolve) => {
      const heard: Announcement[] = [];
      const leave = at.listen((announcement) => {
        heard.push(announcement);
        if (!isLast(announcement)) return;
        leave();
        resolve(heard);
      });
    });
  }
  const isAbout = (id: string) => (announcement: Announcement) =>
    announcement.type === 'IdentitiesMoved' && announcement.workspaceId === id;

  it('are heard at once where they are told, and then elsewhere, in order', async () => {
    const there = hearing(elsewhere, isAbout('last'));
    const atHome: Announcement[] = [];
    const leave = here.listen((announcement) => atHome.push(announcement));
    for (const id of ['first', 'second', 'last']) here.tell(moved(id));
    leave();
    expect(atHome).toEqual(['first', 'second', 'last'].map(moved));
    expect(await there).toEqual(['first', 'second', 'last'].map(moved));
  });

  it('are sent once when they are told twice at once', async () => {
    const there = hearing(elsewhere, isAbout('end'));
    for (const id of ['same', 'same', 'end']) here.tell(moved(id));
    expect(await there).toEqual(['same', 'end'].map(moved));
  });

  it('are not heard again where they were told', async () => {
    const heard = hearing(here, isAbout('from elsewhere'));
    here.tell(moved('from here'));
    elsewhere.tell(moved('from elsewhere'));
    expect(await heard).toEqual(['from here', 'from elsewhere'].map(moved));
  });

  it('are made up for by one word when some may have been missed: here, and where they could not be told', async () => {
    const isMissed = ({ type }: Announcement) => type === 'AnnouncementsMissed';
    const [atHome, there] = [hearing(here, isMissed), hearing(elsewhere, isMissed)];
    line.cut();
    await line.missed();
    here.tell(moved('untold'));
    line.mend();
    expect((await atHome).filter(isMissed)).toHaveLength(1);
    expect(await there).toEqual([{ type: 'AnnouncementsMissed' }]);
  });

  it('that nobody understands do no harm', async () => {
    const heard = hearing(here, isAbout('after nonsense'));
    await connections[1]?.commands.publish(`${connections[1].channelPrefix}announcements`, 'nonsense');
    elsewhere.tell(moved('after nonsense'));
    expect(await heard).toEqual([moved('after nonsense')]);
  });
});
