import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { type TextPlace, textPlaces } from '../support/text-places.ts';

const app = await startTestApp();
/** Good values, so that nothing but the text is wrong. */
const samples: Record<string, unknown> = {
  String: 'Sample',
  Int: 1,
  Float: 0.5,
  Boolean: true,
  JSON: 1,
  JSONObject: {},
  'IdentityReference.externalId': 'ada',
  'ChannelReference.key': 'web',
  'StageReference.key': 'onboarding',
  'RememberInput.key': 'a.b',
  'ForgetInput.key': 'a.b',
  'CreateStageInput.key': 'new-key',
  'CreateChannelInput.key': 'new-key',
  'CreateWorkerInput.timezone': 'UTC',
  'WebhookInput.url': 'https://example.com/hooks',
  'WebhookInput.secret': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};
for (const input of ['CreateAssistantInput', 'UpdateAssistantInput'])
  Object.assign(samples, { [`${input}.provider`]: 'OPENAI', [`${input}.languages`]: 'en' });

const places = textPlaces(samples);

beforeAll(async () => {
  const { workerId, assistantId } = await prepareDemo(app);
  const { turn } = await send(app, 'Hello');
  Object.assign(samples, {
    'CreateAssistantInput.workerId': workerId,
    'UpdateAssistantInput.id': assistantId,
    turnId: turn.id,
    conversationId: turn.conversation.id,
  });
});

const DEEP = JSON.parse('['.repeat(50) + ']'.repeat(50));

/** What PostgreSQL cannot hold, as JSON. */
const HOSTILE = {
  'the NUL character': { character: '\\u0000', json: '{"a":"\\u0000"}' },
  'half of a surrogate pair': { character: '\\ud800', json: '{"a":["\\udc00"]}' },
};
/** What is not what it seems, or is too much. */
const HOSTILE_JSON = {
  'a NUL in a name': '{"a\\u0000":1}',
  'half a surrogate pair in a name': '{"\\ud800":1}',
  'a member called __proto__': '{"__proto__":{"a":1}}',
  'a member called __proto__ further in': '{"a":[{"__proto__":1}]}',
  'a number without an end': '{"a":1e400}',
  'members nested deeply': JSON.stringify({ a: DEEP }),
  'more than 16 KiB': JSON.stringify({ a: 'x'.repeat(20_000) }),
};

const MARK = 'put-the-value-here';

/** The answer, or the one a subscription ends with at once. */
async function answerTo({ document, variables }: TextPlace, hostile: string) {
  const body = JSON.stringify({ query: document, variables: variables(MARK) }).replace(`"${MARK}"`, hostile);
  const accept = document.startsWith('subscription') ? 'text/event-stream' : 'application/json';
  const headers = { authorization: `Bearer ${app.credential}`, 'content-type': 'application/json', accept };
  const response = await app.app.fetch(new Request('http://milepost.test/graphql', { method: 'POST', headers, body }));
  const text = await response.text();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
}

/** What was wrong, wherever it is said. */
function issuesIn({ data, errors }: { data?: Record<string, unknown>; errors?: { extensions: object }[] }) {
  const results = [...Object.values(data ?? {}), ...(errors ?? []).map(({ extensions }) => extensions)];
  return results.flatMap((result) => (result as { issues?: { path: string; message: string }[] } | null)?.issues ?? []);
}

const texts = places.filter(({ type }) => type === 'String' || type === 'ID');
const jsons = places.filter(({ type }) => type === 'JSON' || type === 'JSONObject');

describe.each(Object.entries(HOSTILE))('%s', (_what, { character, json }) => {
  it.each(texts)('in $coordinate names nothing, or is refused by its name', async (place) => {
    for (const text of ['', place.good()]) {
      const answer = await answerTo(place, `"${text}${character}z"`);
      expect(JSON.stringify(answer)).not.toContain('INTERNAL');
      if (!place.names) expect(issuesIn(answer).map(({ path }) => path)).toContain(place.path);
    }
  });

  it.each(jsons)('in $coordinate is refused by its name', async (place) => {
    const answer = await answerTo(place, json);
    expect(issuesIn(answer)).toEqual([{ path: place.path, message: expect.any(String) }]);
  });
});

describe.each(Object.entries(HOSTILE_JSON))('%s', (_what, json) => {
  it.each(jsons)('in $coordinate is refused by its name', async (place) => {
    expect(issuesIn(await answerTo(place, json))).toEqual([{ path: place.path, message: expect.any(String) }]);
  });
});

it('knows of every place', () => {
  expect(texts.length).toBeGreaterThan(60);
  expect(jsons.map(({ coordinate }) => coordinate)).toContain('Mutation.remember(input.value)');
});
