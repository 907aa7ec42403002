import { describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { reply } from './support/scripted-model.ts';

const app = await startTestApp();
await prepareDemo(app);
for (const name of ['Purchased', 'Elsewhere']) await mutate(app, 'createStage', { name });
await mutate(app, 'updateStage', { stage: { key: 'onboarding' }, allowedNext: [{ key: 'considering' }] });
await mutate(app, 'updateStage', { stage: { key: 'elsewhere' }, allowedNext: [] });

const assign = (stage: string) =>
  mutate(app, 'assignStage', { identity: { externalId: 'ada' }, stage: { key: stage } }, 'identity { stage { key } }');
const stageOf = async () =>
  (await app.query('{ identity(by: { externalId: "ada" }) { stage { key } } }')).identity.stage.key;
const allowedNextOf = async (key: string) =>
  (await app.query('query ($key: String!) { stage(by: { key: $key }) { allowedNext { key } } }', { key })).stage
    .allowedNext;

describe('a stage that lists what may follow', () => {
  it('shows its list, null where any may follow and an empty one at an end', async () => {
    expect(await allowedNextOf('onboarding')).toEqual([{ key: 'considering' }]);
    expect(await allowedNextOf('considering')).toBeNull();
    expect(await allowedNextOf('elsewhere')).toEqual([]);
  });

  it('refuses a move it does not list, with a typed error', async () => {
    expect(await assign('purchased')).toMatchObject({ __typename: 'ConflictError', code: 'STAGE_NOT_ALLOWED' });
    expect(await stageOf()).toBe('onboarding');
  });

  it('answers the refusal to a model that tries the move', async () => {
    const call = { name: 'move_to_stage', arguments: { stage: 'purchased' } };
    app.model.when('I have bought it', reply.toolCalls(call), reply.text('Not yet.'));
    await app.rest('POST', '/conversation/ada/chat/web', { text: 'I have bought it' });
    const { body } = await app.model.received('I have bought it', 2);
    expect(JSON.stringify(body)).toContain('may not be followed by');
    expect(await stageOf()).toBe('onboarding');
  });

  it('refuses a list that names an unknown stage, with the place in the list', async () => {
    const refused = await mutate(app, 'updateStage', {
      stage: { key: 'onboarding' },
      allowedNext: [{ key: 'considering' }, { key: 'nowhere' }],
    });
    expect(refused.issues).toEqual([expect.objectContaining({ path: 'allowedNext.1' })]);
  });

  it('lets those pass whom it lists, and any once the limit is lifted', async () => {
    expect(await assign('considering')).toMatchObject({ identity: { stage: { key: 'considering' } } });
    expect(await assign('onboarding')).toMatchObject({ identity: { stage: { key: 'onboarding' } } });
    await mutate(app, 'updateStage', { stage: { key: 'onboarding' }, allowedNext: null });
    expect(await assign('purchased')).toMatchObject({ identity: { stage: { key: 'purchased' } } });
  });
});
