import { getNamedType, isLeafType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { type Kind, MARK, type Names, prepareForeign } from '../support/foreign.ts';
import { asVariable, ISOLATION_CASES } from '../support/isolation-cases.ts';
import { mutate } from '../support/mutate.ts';
import { OPERATOR_FIELDS, OWN_FIELDS } from '../support/root-fields.ts';

const conversation = (field: string) => `{ conversations { edges { node { ${field} } } } }`;
const turn = (field: string) => conversation(`turns { edges { node { ${field} } } }`);
const identity = (field: string) => `{ identity(by: { externalId: "ada" }) { ${field} } }`;

/** The types an access token comes to from its own identity: how, what it may read there, and what it may not. */
const REACHED: Record<string, { by(field: string): string; shown: string; refused: string }> = {
  Identity: {
    by: identity,
    shown:
      'conversations createdAt email externalId id memory metadata name phone stage stageEnteredAt transitions updatedAt',
    refused: '',
  },
  MemoryEntry: {
    by: (field) => identity(`memory { ${field} }`),
    shown: 'confidence createdAt id key message source updatedAt value',
    refused: '',
  },
  StageTransition: {
    by: (field) => identity(`transitions { edges { node { ${field} } } }`),
    shown: 'cause causedBy createdAt cursor depth fromStage id identity metadata toStage turnId',
    refused: '',
  },
  Stage: {
    by: (field) => identity(`stage { ${field} }`),
    shown: 'archivedAt createdAt description id key metadata name updatedAt',
    refused: 'allowedNext assistant effects',
  },
  Conversation: {
    by: conversation,
    shown: 'activeTurn channel createdAt cursor id identity lastMessageAt messages summary turns',
    refused: '',
  },
  Channel: {
    by: (field) => conversation(`channel { ${field} }`),
    shown: 'active createdAt id key name type updatedAt',
    refused: 'settings worker',
  },
  Message: {
    by: (field) => conversation(`messages { edges { node { ${field} } } }`),
    shown: 'conversation createdAt id metadata role stage text transition turn',
    refused: '',
  },
  Turn: {
    by: turn,
    shown:
      'assistant clientMessageId conversation createdAt error finishedAt firstTokenAt id instructionsVersion message model reply stage startedAt status usage',
    refused: 'prompt',
  },
  Assistant: {
    by: (field) => turn(`assistant { ${field} }`),
    shown: 'contextTokens createdAt id instructionsVersion languages model movesStages name provider updatedAt',
    refused: 'instructions worker',
  },
};

const app = await startTestApp();
let token: Caller;
let names: Record<Kind, Names>;
let own: { own: string; ownConversation: string };

beforeAll(async () => {
  const { assistantId } = await prepareDemo(app, { instructions: MARK });
  await mutate(app, 'updateStage', { stage: { key: 'onboarding' }, assistantId });
  await mutate(app, 'updateChannel', { channel: { key: 'web' }, settings: { text: MARK } });
  await mutate(app, 'remember', { identity: { externalId: 'ada' }, key: 'fact', value: 1 });
  const sent = await send(app, 'Hello');
  await app.rest('POST', '/conversation/ada/chat/web', { text: 'Hello again' });
  own = { own: sent.turn.id, ownConversation: sent.turn.conversation.id };
  token = await tokenFor('READ', 'WRITE');
  names = await prepareForeign(app);
});

async function tokenFor(...permissions: ('READ' | 'WRITE')[]): Promise<Caller> {
  const input = { identity: { externalId: 'ada' }, permissions };
  return app.withCredential((await mutate(app, 'createAccessToken', input, 'token')).token);
}

async function textOf(caller: Caller, query: string, variables: object = {}): Promise<string> {
  const accept = query.startsWith('subscription') ? 'text/event-stream' : 'application/json';
  const headers = { authorization: `Bearer ${caller.credential}`, accept, 'content-type': 'application/json' };
  const body = JSON.stringify({ query, variables });
  return (await app.app.fetch(new Request('http://milepost.test/graphql', { method: 'POST', headers, body }))).text();
}

describe('an access token', () => {
  it('has a rule for every query, mutation and subscription', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((type) => Object.keys(type?.getFields() ?? {}).map((field) => `${type}.${field}`));
    expect([OWN_FIELDS, OPERATOR_FIELDS].flatMap(Object.keys).sort()).toEqual(fields.sort());
  });

  it.each(Object.entries(OPERATOR_FIELDS))('is refused %s', async (_field, document) => {
    expect(await textOf(token, document)).toContain('"code":"FORBIDDEN"');
  });

  // The channel to talk over and the stage to watch may be named by whoever knows them; a cursor of moves is a time, not a thing.
  const nameable = [
    'Mutation.sendMessage(input.channel)',
    'Subscription.stageTransitions(stage)',
    'Subscription.stageTransitions(after)',
  ];
  const cases = Object.entries(ISOLATION_CASES)
    .filter(([place]) => place.replace(/\(.*/, '') in OWN_FIELDS && !nameable.includes(place))
    .flatMap(([place, [document, ...kinds]]) => kinds.map((kind) => ({ place, document, kind })));

  it.each(cases)(
    'gets the same from $place for the $kind of somebody else as for one of nobody',
    async ({ document, kind }) => {
      const answers = [];
      for (const value of [names[kind].nobodys, names[kind].theirs]) {
        const answer = await textOf(token, document, { it: asVariable(document, kind, value), ...own });
        answers.push(answer.replaceAll(String(value), 'IT'));
      }
      expect(answers[1]).toBe(answers[0]);
      expect(answers[1]).not.toContain('INTERNAL');
      if (kind !== 'text') expect(answers[1]).not.toContain(MARK);
    },
  );

  it.each(Object.entries(REACHED))(
    'reads of a %s what it may, and is refused the rest',
    async (name, { by, shown, refused }) => {
      const type = schema.getType(name);
      const answers = { shown: [] as string[], refused: [] as string[] };
      for (const field of isObjectType(type) ? Object.values(type.getFields()) : []) {
        const selection = isLeafType(getNamedType(field.type)) ? field.name : `${field.name} { __typename }`;
        const { errors, data } = await token.execute(by(selection));
        if (errors) expect(errors[0].extensions.code).toBe('FORBIDDEN');
        expect(JSON.stringify(data)).not.toContain(MARK);
        answers[errors ? 'refused' : 'shown'].push(field.name);
      }
      expect(answers.shown.sort()).toEqual(shown.split(' '));
      expect(answers.refused.sort()).toEqual(refused.split(' ').filter((field) => field !== ''));
    },
  );

  it('comes to no other types than those', () => {
    const reached = Object.entries(REACHED).flatMap(([name, { shown }]) => {
      const type = schema.getType(name);
      const fields = isObjectType(type) ? type.getFields() : {};
      return shown.split(' ').map((field) => getNamedType(fields[field]?.type)?.name.replace(/Connection$/, ''));
    });
    const objects = [...new Set(reached)].filter((name) => isObjectType(schema.getType(name ?? '')));
    const details = ['TurnError', 'TurnUsage'];
    expect(objects.filter((name) => !details.includes(name ?? '')).sort()).toEqual(Object.keys(REACHED).sort());
  });

  it('reads and talks only as far as it was allowed to', async () => {
    const { sendMessage } = (await send(await tokenFor('READ'), 'Hello').then((result) => ({
      sendMessage: result,
    }))) as { sendMessage: { code: string } };
    expect(sendMessage.code).toBe('FORBIDDEN');
    const writer = await tokenFor('WRITE');
    for (const query of [
      identity('id'),
      conversation('id'),
      `{ node(id: "${own.own}") { id } }`,
      `{ turn(id: "${own.own}") { id } }`,
    ]) {
      expect((await writer.execute(query)).errors?.[0].extensions.code).toBe('FORBIDDEN');
    }
  });
});
