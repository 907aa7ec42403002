import { afterAll, describe, expect, it } from 'vitest';
import { createAccessTokens } from '../../src/workspaces/access-tokens.ts';
import { SECRET, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { followsTurns } from '../support/follows-turns.ts';
import { type GraphqlSocket, openSocket } from '../support/graphql-socket.ts';
import { all, halfReply, TURN_EVENTS, textOf, untilText } from '../support/turn-events.ts';

const app = await startTestApp();
await prepareDemo(app);

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
const sockets: GraphqlSocket[] = [];

async function open(credential = app.credential): Promise<GraphqlSocket> {
  const socket = await openSocket(app, { params: bearer(credential) });
  sockets.push(socket);
  return socket;
}

afterAll(async () => {
  for (const socket of sockets) await socket.dispose();
});

followsTurns(app, async (document, variables, credential) => (await open(credential)).follow(document, variables));

describe('credentials', () => {
  it.each([
    ['unknown', { params: bearer('mp_unknown') }],
    ['missing', {}],
    ['of another scheme', { params: { authorization: 'Basic abc' } }],
    ['no text', { params: { authorization: { a: 1 } } }],
    ['a forged token', { params: bearer('eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl') }],
  ])('that are %s close with 4403', async (_what, credentials) => {
    await expect(openSocket(app, credentials)).rejects.toMatchObject({ code: 4403 });
  });

  it('may come with the headers of the upgrade', async () => {
    for (const headers of [bearer(app.credential), { 'x-api-key': app.credential }]) {
      const socket = await openSocket(app, { headers });
      expect(await socket.execute('{ workspace { id } }')).toEqual({ data: { workspace: { id: app.workspaceId } } });
      await socket.dispose();
    }
  });

  it('of the first message count before those of the upgrade', async () => {
    const refused = openSocket(app, { headers: bearer(app.credential), params: bearer('mp_unknown') });
    await expect(refused).rejects.toMatchObject({ code: 4403 });
  });

  it('that end close with 4403 at that time, and the cursor goes on with new ones', async () => {
    const { identity } = await app.query('{ identity(by: { externalId: "ada" }) { id } }');
    const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
    const { workspaceId, apiKeyId } = app;
    const grant = { workspaceId, apiKeyId, identityId: identity.id, permissions: ['READ' as const], expiresAt };
    const socket = await open(await createAccessTokens(SECRET).sign(grant));
    const place = halfReply(app, 'Longer than the token', ['Before, '], ['after']);
    const { turn, cursor } = await send(app, 'Longer than the token');
    const seen = await untilText(socket.follow(TURN_EVENTS, { turnId: turn.id, after: cursor }), 'Before, ');
    expect(await socket.closed).toEqual({ code: 4403, reason: 'The access token has expired.' });
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
    place.release();
    const rest = await all((await open()).follow(TURN_EVENTS, { turnId: turn.id, after: seen.at(-1)?.cursor }));
    expect(textOf(rest)).toBe('after');
  });
});

describe('a socket', () => {
  it('stays open after a document with a fault', async () => {
    const socket = await open();
    const faults = [
      '{ workspace {',
      '{ nothing }',
      'subscription { turnEvents { cursor } }',
      'query A { workspace { id } } query B { workspace { id } }',
    ];
    for (const document of faults) {
      const result = await socket.execute(document).catch((errors: unknown) => ({ errors }));
      expect(result.errors?.[0]?.message).toEqual(expect.any(String));
    }
    expect(socket.isOpen()).toBe(true);
    expect(await socket.execute('{ workspace { id } }')).toEqual({ data: { workspace: { id: app.workspaceId } } });
  });

  it('carries queries and mutations too', async () => {
    const socket = await open();
    const { data } = await socket.execute(
      'mutation { createStage(input: { name: "x" }) { __typename ... on UserError { code } } }',
    );
    expect(data).toEqual({ createStage: { __typename: 'InvalidInputError', code: 'INVALID_INPUT' } });
  });

  it('carries several operations at once, each with its own events', async () => {
    const socket = await open();
    const { turn: first } = await send(app, 'One of two', { identity: await person() });
    const { turn: second } = await send(app, 'Two of two', { identity: await person() });
    const [one, two] = await Promise.all(
      [first, second].map(({ id }) => all(socket.follow(TURN_EVENTS, { turnId: id }))),
    );
    expect([textOf(one ?? []), textOf(two ?? [])]).toEqual(['Echo: One of two', 'Echo: Two of two']);
  });

  it('goes on with one operation when another one is left', async () => {
    const socket = await open();
    const place = halfReply(app, 'Left and kept', ['One '], ['two']);
    const { turn, cursor } = await send(app, 'Left and kept');
    const [left, kept] = [1, 2].map(() => socket.follow(TURN_EVENTS, { turnId: turn.id, after: cursor }));
    await Promise.all([left, kept].map((following) => following && untilText(following, 'One ')));
    await left?.leave();
    place.release();
    expect(kept && textOf(await all(kept))).toBe('two');
  });

  it('shows nothing of the inside when a field fails', async () => {
    const socket = await open();
    const { errors } = await socket.execute(
      '{ conversation(id: "x") { id } nodes(ids: ["a"]) { id } stages(first: -1) { edges { cursor } } }',
    );
    expect(errors[0].extensions).toMatchObject({ code: 'INVALID_INPUT' });
    expect(JSON.stringify(errors)).not.toMatch(/stack|prisma|node_modules/i);
  });
});

let people = 0;

/** A new identity, so that turns run at the same time. */
async function person(): Promise<{ externalId: string }> {
  people += 1;
  const externalId = `person-${people}`;
  await app.rest('PUT', `/identity/${externalId}`, {});
  return { externalId };
}
