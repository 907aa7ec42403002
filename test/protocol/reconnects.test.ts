import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startCuttingLine } from '../support/cutting-line.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { randomNumbers } from '../support/random.ts';
import type { Reply } from '../support/scripted-model.ts';
import { findTurn, someone, streamPath } from '../support/talk.ts';
import {
  type ReaderOptions,
  readByEventSource,
  readBySocket,
  readBySse,
  type TurnText,
} from '../support/turn-readers.ts';

const SEED = Number(process.env.CUT_SEED ?? 20_261_120);
/** Three doors, 200 cuts together. */
const CUTS = { socket: 67, sse: 67, eventSource: 66 };
const AT_ONCE = 8;
const TOKENS = 60;

const random = randomNumbers(SEED);
let app: TestApp;
/** Counts what happens on the line. */
let progress = 0;
const waiting: (() => void)[] = [];

/** A token goes out whenever something has happened on the line, so that cuts fall before, between and after tokens. */
const paced: Reply = async (call, { userText }) => {
  call.openStream();
  for (const token of tokensFor(userText)) {
    const before = progress;
    await call.chunk({ content: token });
    if (progress === before) await new Promise<void>((resolve) => waiting.push(resolve));
  }
  await call.chunk({}, 'stop');
  await call.event('[DONE]');
  call.end();
};

function onProgress(): void {
  progress += 1;
  for (const goOn of waiting.splice(0)) goOn();
}

/** No two are alike, some hold line ends, quotes and characters of several bytes. */
function tokensFor(text: string): string[] {
  return Array.from(
    { length: TOKENS },
    (_, index) => [` ${index} of "${text}"`, '\n\ndata: ', ' é😀', '\r\n'][index % 4] as string,
  );
}

async function cut(quota: number, converse: (origin: string, message: string) => Promise<void>): Promise<void> {
  const budget = () => 1 + Math.floor(random() * 2500);
  const line = await startCuttingLine(await app.origin(), { budget, maxCuts: quota, onProgress });
  const talk = async () => {
    while (line.cuts < quota) await converse(line.origin, `Message ${randomUUID()}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, talk));
  expect(line.cuts).toBe(quota);
  await line.close();
}

/** Says something, reads the reply over the line, and holds what the client has against what is stored. */
function overGraphql(read: (options: ReaderOptions) => Promise<TurnText>) {
  return async (origin: string, message: string) => {
    const externalId = await someone(app);
    const { turn, cursor } = await send(app, message, { identity: { externalId } });
    const reader = await read({ origin, credential: app.credential, turnId: turn.id, after: cursor });
    expect(reader.types.at(-1)).toBe('TurnCompleted');
    expect(reader.text).toBe(tokensFor(message).join(''));
    expect((await findTurn(app, turn.id)).reply.text).toBe(reader.text);
    expect(app.model.calls(message)).toBe(1);
  };
}

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
  app.model.otherwise(paced);
});

describe('a client whose connection is cut at a random byte', () => {
  it(`has the whole reply over WebSocket after ${CUTS.socket} cuts`, () => cut(CUTS.socket, overGraphql(readBySocket)));

  it(`has the whole reply over GraphQL-SSE after ${CUTS.sse} cuts`, () => cut(CUTS.sse, overGraphql(readBySse)));

  it(`has the whole reply with an EventSource after ${CUTS.eventSource} cuts, and is told not to come back`, () =>
    cut(CUTS.eventSource, async (origin, message) => {
      const person = await someone(app);
      // Cut off before the first position, an EventSource repeats its address: the id keeps the message one.
      const path = `${streamPath(person, message)}&client_message_id=${randomUUID()}`;
      const { text, last, stoppedBy } = await readByEventSource(`${origin}${path}`, app.credential);
      expect(text).toBe(tokensFor(message).join(''));
      expect(last).toEqual({ type: 'complete', content: text });
      expect(stoppedBy).toBe(204);
      const stored = await app.database.db.message.findMany({
        where: { conversation: { identity: { externalId: person } } },
        orderBy: { id: 'asc' },
      });
      expect(stored.map(({ text }) => text)).toEqual([message, text]);
      expect(app.model.calls(message)).toBe(1);
    }));

  afterAll(() => console.info(`The seed of the cuts was ${SEED}.`));
});
