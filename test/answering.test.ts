import { describe, expect, it, vi } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, type send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { statementsOf } from './support/statements.ts';

/** Within it a change holds in every process, in milliseconds. */
const EVERYWHERE_MS = 5000;

const app = await startTestApp();
const { assistantId, workerId } = await prepareDemo(app, { instructions: 'Be kind.', movesStages: false });
let said = 0;

/** The instructions the model was sent for a new message. */
async function instructionsFor(caller: Parameters<typeof send>[0] = app): Promise<string> {
  said += 1;
  const text = `Message ${said}`;
  const response = await caller.rest('POST', '/conversation/ada/chat/web', { text });
  if (response.status !== 200) return response.body.code;
  const { body } = await app.model.received(text, 1);
  return String(body.messages[0]?.content).split('\n\n')[0] ?? '';
}

const createAssistant = async (name: string, instructions: string): Promise<string> => {
  const { assistant } = await mutate(app, 'createAssistant', { workerId, name, instructions }, 'assistant { id }');
  return assistant.id;
};

describe('who answers', () => {
  it('is known without asking the database for every message', async () => {
    await instructionsFor();
    const statements = await statementsOf(instructionsFor);
    expect(statements.filter((sql) => /channels|workers|assistants|api_keys/.test(sql))).toEqual([]);
    expect(statements).toHaveLength(4);
  });

  it.each([
    [
      'new instructions by GraphQL',
      () => mutate(app, 'updateAssistant', { id: assistantId, instructions: 'Be brief.' }),
      'Be brief.',
    ],
    [
      'new instructions by REST',
      () => app.rest('PATCH', `/assistant/${assistantId}`, { instructions: 'Be {{identity.stage_name}}.' }),
      'Be Onboarding.',
    ],
    [
      'another name of the stage',
      () => mutate(app, 'updateStage', { stage: { key: 'onboarding' }, name: 'Welcome' }),
      'Be Welcome.',
    ],
    [
      'another assistant for the stage',
      async () => {
        const own = await createAssistant('Own', 'Be the stage.');
        await mutate(app, 'updateStage', { stage: { key: 'onboarding' }, assistantId: own });
      },
      'Be the stage.',
    ],
    [
      'no assistant for the stage any more',
      () => mutate(app, 'updateStage', { stage: { key: 'onboarding' }, assistantId: null }),
      'Be Welcome.',
    ],
    [
      'another default of the worker',
      async () => {
        const id = await createAssistant('Default', 'Be the default.');
        await mutate(app, 'updateAssistant', { id, default: true });
      },
      'Be the default.',
    ],
    ['a channel that is closed', () => app.rest('PUT', '/channels/web', { is_active: false }), 'CHANNEL_INACTIVE'],
    [
      'a channel that is opened',
      () => mutate(app, 'updateChannel', { channel: { key: 'web' }, active: true }),
      'Be the default.',
    ],
  ])('changes at once with %s', async (_what, change, expected) => {
    await instructionsFor();
    await change();
    expect(await instructionsFor()).toBe(expected);
  });

  it('changes in other processes within five seconds', async () => {
    const other = app.elsewhere();
    await instructionsFor(other);
    await mutate(app, 'updateAssistant', { id: assistantId, instructions: 'Be new everywhere.', default: true });
    await vi.waitFor(async () => expect(await instructionsFor(other)).toBe('Be new everywhere.'), EVERYWHERE_MS);
  });

  it('is not what it was when the database was being read', async () => {
    await mutate(app, 'updateAssistant', { id: assistantId, instructions: 'Be old.' });
    const [, answered] = await Promise.all([
      mutate(app, 'updateAssistant', { id: assistantId, instructions: 'Be young.' }),
      instructionsFor(),
    ]);
    expect(['Be old.', 'Be young.']).toContain(answered);
    expect(await instructionsFor()).toBe('Be young.');
  });

  it('ends with the worker', async () => {
    await instructionsFor();
    await mutate(app, 'deleteWorker', { id: workerId });
    expect(await instructionsFor()).toBe('CHANNEL_WITHOUT_WORKER');
  });
});
