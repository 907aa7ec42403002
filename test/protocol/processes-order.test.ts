import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOORS } from '../support/doors.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { peopleAt, queryAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'what happens at several processes at once';
const SENDS = 30;

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let processes: Processes;
  let people: string[];
  let origins: [string, string, string];
  const nextPerson = () => people.pop() as string;
  /** Another one each time. */
  const originOf = (nth: number) => origins[nth % 3] as string;
  const times = <Result>(count: number, action: (nth: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, nth) => action(nth)));

  beforeAll(async () => {
    processes = await startProcesses(3);
    origins = processes.servers.map(({ origin }) => origin) as typeof origins;
    people = await peopleAt(origins[0], 20);
  });
  afterAll(() => processes?.close());

  const endOf = async (turnId: string, nth = 0) =>
    DOORS['GraphQL over SSE'](originOf(nth), turnId, new TurnText()).rest();

  it('runs the turns of a conversation one at a time, in the order of their messages', async () => {
    const person = nextPerson();
    let [running, most] = [0, 0];
    const order: string[] = [];
    processes.model.when(/^In turn/, async (call, request) => {
      running += 1;
      most = Math.max(most, running);
      order.push(request.userText);
      await reply.echo()(call, request);
      running -= 1;
    });
    const sent = await times(SENDS, (nth) => sendAt(originOf(nth), person, `In turn ${nth}`));
    await times(SENDS, (nth) => endOf(sent[nth].turn.id, nth + 1));
    const { identity } = await queryAt(
      origins[0],
      `query ($by: IdentityReference!) {
        identity(by: $by) { conversations(first: 1) { edges { node { turns(first: 50) { edges { node { id status message { text } reply { text } } } } } } } }
      }`,
      { by: { externalId: person } },
    );
    const turns = identity.conversations.edges[0].node.turns.edges.map(({ node }: { node: unknown }) => node);
    expect(most).toBe(1);
    expect(turns.map(({ message }: { message: { text: string } }) => message.text)).toEqual(order);
    expect(new Set(order).size).toBe(SENDS);
    for (const { status, message, reply: answer } of turns)
      expect([status, answer.text]).toEqual(['COMPLETED', `Echo: ${message.text}`]);
  });

  it('lets one of many in that will not wait', async () => {
    const person = nextPerson();
    const place = hold();
    processes.model.when(/^Now or never/, reply.text(place, 'Now'));
    const answers = await times(SENDS, (nth) =>
      sendAt(originOf(nth), person, `Now or never ${nth}`, { whenBusy: 'REJECT' }),
    );
    const [accepted, ...others] = answers.filter(({ turn }) => turn);
    expect(others).toEqual([]);
    expect(answers.filter(({ code }) => code === 'CONVERSATION_BUSY')).toHaveLength(SENDS - 1);
    place.release();
    expect((await endOf(accepted.turn.id)).text).toBe('Now');
  });

  it('interrupts at one process what runs at another', async () => {
    const [a, b] = origins;
    const person = nextPerson();
    processes.model.when('Go on for ever', reply.text('On and ', hold()));
    const first = await sendAt(a, person, 'Go on for ever');
    await DOORS.REST(b, first.turn.id, new TurnText()).untilText('On and ');
    const second = await sendAt(b, person, 'Stop that', { whenBusy: 'INTERRUPT' });
    expect((await endOf(second.turn.id)).text).toBe('Echo: Stop that');
    const [interrupted, next] = await turnsAt(a, [first.turn.id, second.turn.id]);
    expect(interrupted).toMatchObject({ status: 'CANCELLED', reply: { text: 'On and ' } });
    expect(next.status).toBe('COMPLETED');
  });

  it('makes one turn of a message that is sent everywhere under one id', async () => {
    const person = nextPerson();
    const clientMessageId = randomUUID();
    const answers = await times(SENDS, (nth) => sendAt(originOf(nth), person, 'Only once', { clientMessageId }));
    const ids = new Set(answers.map(({ turn, message }) => `${turn.id} ${message.id}`));
    expect(ids.size).toBe(1);
    await times(3, (nth) => endOf(answers[0].turn.id, nth));
    expect(processes.model.calls('Only once')).toBe(1);
  });
});
