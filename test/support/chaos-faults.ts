import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { randomNumbers } from './random.ts';
import type { TestRedis } from './redis.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import type { StoppableDatabase } from './stoppable-database.ts';

/** Longer than the lease of a turn, with the time the others take to look. */
const LONG_FREEZE_MS = 13_000;
const RESTART_RETRY_MS = 500;

/** Where there is a server most of the time. */
export interface Place {
  origin: string;
  server: ServerProcess;
  /** Something is being done to it. */
  busy: boolean;
}

export interface Victims {
  places: Place[];
  redis: TestRedis;
  database: StoppableDatabase;
  environment: Record<string, string>;
}

export async function startPlaces(count: number, environment: Record<string, string>): Promise<Place[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const server = await startServer({ ...environment, PORT: String(await freePort()) });
      return { origin: server.origin, server, busy: false };
    }),
  );
}

/** What can happen; each takes a number from 0 to 1 for how bad it gets. */
const FAULTS = {
  async killed(victims: Victims, place: Place, random: number) {
    await place.server.kill();
    await pause(random * 2000);
    await restart(victims, place);
  },
  async stopped(victims: Victims, place: Place) {
    await place.server.terminate();
    await restart(victims, place);
  },
  async hesitating(_victims: Victims, place: Place, random: number) {
    await freeze(place, 500 + random * 3000);
  },
  async frozen(_victims: Victims, place: Place) {
    await freeze(place, LONG_FREEZE_MS);
  },
};

const SHARED_FAULTS = {
  async redisAway({ redis }: Victims, random: number) {
    await redis.stop();
    await pause(2000 + random * 4000);
    await redis.start();
  },
  async redisRestarted({ redis }: Victims) {
    await redis.stop();
    await redis.start();
  },
  async redisCutOff({ redis }: Victims) {
    await cutClients(redis);
  },
  async databaseAway({ database }: Victims, random: number) {
    await database.stop();
    await pause(1000 + random * 5000);
    await database.start();
  },
};

type Kind = keyof typeof FAULTS | keyof typeof SHARED_FAULTS;

function isShared(kind: Kind): kind is keyof typeof SHARED_FAULTS {
  return kind in SHARED_FAULTS;
}

/** Does harm until the time is over, always the same for a seed as far as it can be; what was done, in order. */
export async function doHarm(victims: Victims, seed: number, durationMs: number): Promise<string[]> {
  const random = randomNumbers(seed);
  const done: string[] = [];
  const under: Promise<unknown>[] = [];
  const until = performance.now() + durationMs;
  const kinds: Kind[] = ['killed', 'killed', ...(Object.keys({ ...FAULTS, ...SHARED_FAULTS }) as Kind[])];
  for (let nth = 0; performance.now() < until; nth += 1) {
    if (nth % kinds.length === 0) shuffle(kinds, random);
    const kind = kinds[nth % kinds.length] as Kind;
    const [wait, badness, choice] = [random(), random(), random()];
    await pause(wait * 3000);
    if (isShared(kind)) {
      done.push(kind);
      await SHARED_FAULTS[kind](victims, badness);
      continue;
    }
    const free = victims.places.filter(({ busy }) => !busy);
    // One is always left alone.
    if (free.length < 2) continue;
    const place = free[Math.floor(choice * free.length)] as Place;
    done.push(`${kind} ${victims.places.indexOf(place)}`);
    place.busy = true;
    const harm = FAULTS[kind](victims, place, badness).finally(() => {
      place.busy = false;
    });
    // Others are harmed while it comes back.
    under.push(harm);
  }
  await Promise.all(under);
  return done;
}

async function freeze({ server }: Place, ms: number): Promise<void> {
  server.process.kill('SIGSTOP');
  await pause(ms);
  server.process.kill('SIGCONT');
}

/** It does not come up while the database is away. */
async function restart({ environment }: Victims, place: Place): Promise<void> {
  for (;;) {
    try {
      place.server = await startServer({ ...environment, PORT: new URL(place.origin).port });
      return;
    } catch {
      await pause(RESTART_RETRY_MS);
    }
  }
}

/** Breaks every connection to a Redis that goes on as it is. */
function cutClients({ url }: TestRedis): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write('CLIENT KILL TYPE normal\r\nCLIENT KILL TYPE pubsub\r\nQUIT\r\n'),
    );
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume();
  });
}

function shuffle<Item>(items: Item[], random: () => number): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other] as Item, items[last] as Item];
  }
}
