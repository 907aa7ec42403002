import { describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate, pathsOf } from './support/mutate.ts';

const app = await startTestApp({
  environment: { MAX_PAGE_SIZE: '10', MAX_TEXT_LENGTH: '500', MAX_TEMPLATE_LENGTH: '200', MAX_JSON_LENGTH: '100' },
});
const { assistantId } = await prepareDemo(app);
const ADA = { identity: { externalId: 'ada' } };
const json = (length: number) => ({ a: 'x'.repeat(length - '{"a":""}'.length) });

/** The path and the words of what is wrong. */
function wrongIn(answer: { issues?: { path: string; message: string }[] }) {
  return answer.issues?.map(({ path, message }) => [path, message]);
}

describe('what the operator allows', () => {
  it('bounds what is said', async () => {
    expect((await send(app, 'x'.repeat(500))).__typename).toBe('SendMessagePayload');
    const expected = [['text', 'must have at most 500 characters']];
    expect(wrongIn(await send(app, 'x'.repeat(501)))).toEqual(expected);
    const { status, body } = await app.rest('POST', '/conversation/ada/chat/web', { text: 'x'.repeat(501) });
    expect([status, wrongIn(body)]).toEqual([400, expected]);
  });

  it('bounds templates', async () => {
    const update = (instructions: string) => mutate(app, 'updateAssistant', { id: assistantId, instructions });
    expect((await update('x'.repeat(200))).__typename).toBe('UpdateAssistantPayload');
    expect(wrongIn(await update('x'.repeat(201)))).toEqual([['instructions', 'must have at most 200 characters']]);
    const { status, body } = await app.rest('PATCH', `/assistant/${assistantId}`, { instructions: 'x'.repeat(201) });
    expect([status, pathsOf(body)]).toEqual([422, ['instructions']]);
  });

  it('bounds metadata and memory', async () => {
    expect((await mutate(app, 'upsertIdentity', { ...ADA, metadata: json(100) })).__typename).toBe(
      'UpsertIdentityPayload',
    );
    const expected = 'must be at most 100 characters of JSON';
    expect(wrongIn(await mutate(app, 'upsertIdentity', { ...ADA, metadata: json(101) }))).toEqual([
      ['metadata', expected],
    ]);
    expect(wrongIn(await mutate(app, 'remember', { ...ADA, key: 'a', value: json(101) }))).toEqual([
      ['value', expected],
    ]);
    const { status, body } = await app.rest('PUT', '/identity/ada', { metadata: json(101) });
    expect([status, wrongIn(body)]).toEqual([400, [['metadata', expected]]]);
  });

  it('bounds pages, also those for which no length is asked', async () => {
    for (let count = 0; count < 12; count += 1) await app.rest('PUT', `/identity/person-${count}`, {});
    const page = async (args: string) => app.execute(`{ identities${args} { edges { cursor } } }`);
    expect((await page('')).data.identities.edges).toHaveLength(10);
    expect((await page('(first: 10)')).data.identities.edges).toHaveLength(10);
    const expected = (path: string) => [[path, 'must be at most 10']];
    expect(wrongIn((await page('(first: 11)')).errors?.[0].extensions)).toEqual(expected('first'));
    const ids = Array(11).fill(app.workspaceId);
    const { errors } = await app.execute('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
    expect(wrongIn(errors?.[0].extensions)).toEqual(expected('ids'));
    expect((await app.rest('GET', '/identity')).body.data).toHaveLength(10);
    const { status, body } = await app.rest('GET', '/identity?limit=11');
    expect([status, wrongIn(body)]).toEqual([400, expected('limit')]);
  });
});
