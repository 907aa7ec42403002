import { z } from 'zod';
import { answerOf, bodyOf, documentsOf, EXAMPLE_TIME, idOf, listOf } from '../http/documented.ts';
import { answer, PAGE, type RestApi, readBody, readPage } from '../http/rest.ts';
import { exampleId } from '../ids.ts';
import { createAssistantInput, createWorkerInput, updateAssistantInput } from './model.ts';
import {
  createAssistant,
  createWorker,
  deleteAssistant,
  deleteWorker,
  getAssistant,
  getWorker,
  listWorkers,
  updateAssistant,
} from './operations.ts';

const worker = answerOf(
  'Worker',
  {
    id: idOf('Worker'),
    name: z.string(),
    description: z.string().nullable(),
    timezone: z.string().nullable().describe('Of IANA.'),
    defaultAssistantId: idOf('Assistant').nullable().describe('Who answers unless a stage says otherwise.'),
    createdAt: z.date(),
    updatedAt: z.date(),
  },
  {
    id: exampleId('Worker'),
    name: 'Sales',
    description: 'Answers customers of the shop',
    timezone: 'America/Sao_Paulo',
    default_assistant_id: exampleId('Assistant'),
    created_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
  },
);
const INSTRUCTIONS =
  'You help {{identity.name}}.{{#if identity.stage == "onboarding"}} Welcome them and explain the first steps.{{/if}}';
const assistant = answerOf(
  'Assistant',
  {
    id: idOf('Assistant'),
    workerId: idOf('Worker'),
    name: z.string(),
    instructions: z.string().describe('The template of the system message.'),
    instructionsVersion: z.int().describe('Counts the changes of the instructions from 1.'),
    model: z.string().nullable().describe("Null: the server's own."),
    provider: z.string(),
    languages: z.array(z.string()),
    movesStages: z.boolean().describe('Whether it may move identities to other stages.'),
    contextTokens: z.int().nullable().describe("How much of the history the model is sent; null: the server's own."),
    createdAt: z.date(),
    updatedAt: z.date(),
  },
  {
    id: exampleId('Assistant'),
    worker_id: exampleId('Worker'),
    name: 'Guide',
    instructions: INSTRUCTIONS,
    instructions_version: 1,
    model: null,
    provider: 'OPENAI',
    languages: ['en', 'pt-BR'],
    moves_stages: false,
    context_tokens: null,
    created_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
  },
);

const ofWorkers = documentsOf('Workers');
const ofAssistants = documentsOf('Assistants');

export function assistantRoutes(api: RestApi): void {
  api.get(
    '/workers',
    ofWorkers('listWorkers', 'List the workers', { query: PAGE, answers: { 200: listOf(worker) } }),
    async (c) =>
      answer(c, 200, 'Workers retrieved successfully', (await listWorkers(c.var.ctx, readPage(c))).map(worker.of)),
  );
  api.get('/workers/:worker_id', ofWorkers('getWorker', 'Get a worker', { answers: { 200: worker } }), async (c) => {
    const found = await getWorker(c.var.ctx, c.req.param('worker_id'));
    return answer(c, 200, 'Worker retrieved successfully', worker.of(found));
  });
  const createsWorker = ofWorkers('createWorker', 'Create a worker', {
    body: bodyOf(createWorkerInput, {
      name: 'Sales',
      description: 'Answers customers of the shop',
      timezone: 'America/Sao_Paulo',
    }),
    answers: { 201: worker.as({ default_assistant_id: null }) },
  });
  api.post('/workers', createsWorker, async (c) =>
    answer(c, 201, 'Worker created successfully', worker.of(await createWorker(c.var.ctx, await readBody(c)))),
  );
  const deletesWorker = ofWorkers('deleteWorker', 'Delete a worker', {
    description: 'Its assistants go with it, and its channels are left without a worker. What was said stays.',
    answers: { 200: null },
  });
  api.delete('/workers/:worker_id', deletesWorker, async (c) => {
    await deleteWorker(c.var.ctx, c.req.param('worker_id'));
    return answer(c, 200, 'Worker deleted successfully');
  });
  const createsAssistant = ofAssistants('createAssistant', 'Create an assistant of a worker', {
    description: 'The first one answers by default. A mistake in the instructions is told with line and column.',
    body: bodyOf(createAssistantInput, { name: 'Guide', instructions: INSTRUCTIONS, languages: ['en', 'pt-BR'] }),
    answers: { 201: assistant },
  });
  api.post('/workers/:worker_id/assistants', createsAssistant, async (c) => {
    const created = await createAssistant(c.var.ctx, c.req.param('worker_id'), await readBody(c));
    return answer(c, 201, 'Assistant created successfully', assistant.of(created));
  });
  const gets = ofAssistants('getAssistant', 'Get an assistant', { answers: { 200: assistant } });
  api.get('/assistant/:assistant_id', gets, async (c) => {
    const found = await getAssistant(c.var.ctx, c.req.param('assistant_id'));
    return answer(c, 200, 'Assistant retrieved successfully', assistant.of(found));
  });
  const updates = ofAssistants('updateAssistant', 'Change an assistant', {
    description: 'What is left out stays as it is, null clears. New instructions hold from the next message on.',
    body: bodyOf(updateAssistantInput, { instructions: 'Be brief, {{identity.name}} is in a hurry.' }),
    answers: {
      200: assistant.as({ instructions: 'Be brief, {{identity.name}} is in a hurry.', instructions_version: 2 }),
    },
    problems: { 400: 'The body is no JSON object.', 422: 'A field is not as it must be; `issues` names it.' },
  });
  api.patch('/assistant/:assistant_id', updates, async (c) => {
    const changes = await readBody(c);
    // The older API answers so on this route alone.
    c.set('invalidInputStatus', 422);
    const updated = await updateAssistant(c.var.ctx, c.req.param('assistant_id'), changes);
    return answer(c, 200, 'Assistant updated successfully', assistant.of(updated));
  });
  const deletes = ofAssistants('deleteAssistant', 'Delete an assistant', {
    description: "In its place answers its worker's default; if it was that itself, the oldest that remains.",
    answers: { 200: null },
  });
  api.delete('/assistant/:assistant_id', deletes, async (c) => {
    await deleteAssistant(c.var.ctx, c.req.param('assistant_id'));
    return answer(c, 200, 'Assistant deleted successfully');
  });
}
