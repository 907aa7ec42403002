import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOORS } from '../support/doors.ts';
import { outcomesOf } from '../support/interruptions.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { type Hold, hold, reply } from '../support/scripted-model.ts';
import { peopleAt, queryAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'a process that is frozen until its turns have been taken over';
/** What the model says to the frozen process, and to the one that takes over. */
const LATE = 'too late';

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let processes: Processes;
  let people: string[];
  let origins: [string, string];

  beforeAll(async () => {
    processes = await startProcesses(2);
    origins = processes.servers.map(({ origin }) => origin) as typeof origins;
    people = await peopleAt(origins[0], 3);
  });
  afterAll(() => processes?.close());

  it('writes over none of what they have become', async () => {
    const [a, b] = origins;
    const { model } = processes;
    const [shown, silent, using] = [hold(), hold(), hold()];
    model.when('Said something', reply.text('One ', shown, LATE));
    model.when('Said nothing', reply.text(silent, LATE), reply.echo());
    const tool = { name: 'remember', arguments: { key: 'note', value: LATE } };
    model.when('Uses a tool', heldUntil(using, reply.toolCalls(tool)), reply.echo());
    const texts = ['Said something', 'Said nothing', 'Uses a tool'];
    const sent = await Promise.all(texts.map((text, nth) => sendAt(a, people[nth] as string, text)));
    const ids = sent.map(({ turn }) => turn.id as string);
    const readers = sent.map(({ turn, cursor }) => DOORS['GraphQL over WebSocket'](b, turn.id, new TurnText(cursor)));
    const atHome = sent.map(({ turn, cursor }) => DOORS['GraphQL over SSE'](a, turn.id, new TurnText(cursor)));
    await Promise.all([readers[0]?.untilText('One '), atHome[0]?.untilText('One '), silent.reached, using.reached]);

    const frozen = processes.servers[0]?.process;
    frozen?.kill('SIGSTOP');
    await outcomesOf(b, ids);
    const calls = model.requests.filter(({ userText }) => texts.includes(userText));
    for (const place of [shown, silent, using]) place.release();
    frozen?.kill('SIGCONT');
    // It has taken notice once it has let go of the model, or has heard all that it had to say.
    await Promise.all(calls.map(({ ended }) => ended));
    // What it had begun to do by then comes before what it is asked now.
    await queryAt(a, '{ __typename }');

    for (const reader of [...readers, ...atHome]) await reader.rest();
    const expected = ['One ', 'Echo: Said nothing', 'Echo: Uses a tool'];
    expect(readers.map(({ read }) => read.text)).toEqual(expected);
    expect(atHome.map(({ read }) => read.text)).toEqual(expected);
    const turns = await turnsAt(b, ids);
    expect(turns.map(({ status, reply: { text } }) => [status, text])).toEqual([
      ['FAILED', 'One '],
      ['COMPLETED', 'Echo: Said nothing'],
      ['COMPLETED', 'Echo: Uses a tool'],
    ]);
    // Told again from the beginning it is the same: nothing was appended to the logs either.
    for (const [nth, id] of ids.entries())
      expect((await DOORS['GraphQL over WebSocket'](b, id, new TurnText()).rest()).text).toBe(expected[nth]);
    const { identity } = await queryAt(
      b,
      `query ($by: IdentityReference!) {
        identity(by: $by) { memory { key } conversations(first: 1) { edges { node { messages(first: 10) { edges { node { role } } } } } } }
      }`,
      { by: { externalId: people[2] } },
    );
    expect(identity.memory).toEqual([]);
    expect(identity.conversations.edges[0].node.messages.edges).toHaveLength(2);
  }, 60_000);
});

function heldUntil(place: Hold, answer: ReturnType<typeof reply.toolCalls>): ReturnType<typeof reply.toolCalls> {
  return async (call, request) => {
    await place.wait();
    await answer(call, request);
  };
}
