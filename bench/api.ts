import { type AnswerKind, modelName } from './answer-kind.ts';
import { sendForJson } from './load/http.ts';
import { API_KEY, type Participant } from './participants.ts';

/** What every assistant here is told: a template of ordinary size that looks at stage, profile and memory. */
const INSTRUCTIONS = `You are the friendly assistant of a small shop for hiking gear. Keep answers short.
{{#if identity.name}}You are talking to {{identity.name}}.{{/if}}
{{#if identity.stage == "onboarding"}}They are new here: welcome them and ask what they are planning.
{{else if identity.stage == "purchased"}}They have bought something: help them get the most out of it.{{/if}}
{{#if memory.preferences.language}}Answer in {{memory.preferences.language}}.{{/if}}`;

type Created = { data: { id: string } };

/** Sends JSON to the REST API of Milepost. */
export function post<Body>({ url }: Participant, path: string, body: object): Promise<Body> {
  const headers = { authorization: `Bearer ${API_KEY}` };
  return sendForJson<Body>(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Asks the GraphQL API; throws when it answers errors. */
export async function ask<Data>(milepost: Participant, query: string, variables: object = {}): Promise<Data> {
  const { data, errors } = await post<{ data: Data; errors?: unknown }>(milepost, '/graphql', { query, variables });
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** Adds a channel whose assistant answers in this kind. Returns its key, by which the other servers know the kind too. */
export async function addChannel(milepost: Participant, kind: AnswerKind): Promise<string> {
  const key = modelName(kind);
  const worker = await post<Created>(milepost, '/workers', { name: `Worker of ${key}` });
  const assistant = { name: 'Guide', instructions: INSTRUCTIONS, model: key, languages: ['en'] };
  await post(milepost, `/workers/${worker.data.id}/assistants`, assistant);
  const channel = await post<Created>(milepost, '/channels', { name: `Channel of ${key}`, key });
  await post(milepost, `/channels/${channel.data.id}/worker/${worker.data.id}`, {});
  return key;
}
