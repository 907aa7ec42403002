import { NotFoundError } from '../errors.ts';
import { builder } from '../graphql/builder.ts';
import { AssistantType, WorkerType } from './graphql.ts';
import { createAssistant, createWorker, deleteAssistant, deleteWorker, updateAssistant } from './operations.ts';

builder.relayMutationField(
  'createWorker',
  {
    description: 'A new worker.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What operators call it, 1 to 100 characters.' }),
      description: t.string({ description: 'What it is for.' }),
      timezone: t.string({ description: 'IANA zone such as America/Sao_Paulo.' }),
    }),
  },
  {
    description: 'Makes a worker. It answers once it has an assistant and a channel.',
    errors: {},
    resolve: async (_root, { input }, ctx) => ({ worker: await createWorker(ctx, input) }),
  },
  {
    description: 'The new worker.',
    outputFields: (t) => ({
      worker: t.field({ type: WorkerType, description: 'The worker with its id.', resolve: ({ worker }) => worker }),
    }),
  },
);

builder.relayMutationField(
  'deleteWorker',
  {
    description: 'Which worker to delete with its assistants.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The id of the worker.' }) }),
  },
  {
    description: 'Deletes a worker and its assistants, and leaves its channels without one. What was said stays.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id } }, ctx) => {
      await deleteWorker(ctx, id);
      return { id };
    },
  },
  {
    description: 'What was deleted.',
    outputFields: (t) => ({
      deletedWorkerId: t.exposeID('id', { description: 'The id of the worker, which names nothing any more.' }),
    }),
  },
);

builder.relayMutationField(
  'createAssistant',
  {
    description: 'A new assistant of a worker.',
    inputFields: (t) => ({
      workerId: t.id({ required: true, description: 'The id of the worker it belongs to.' }),
      name: t.string({ required: true, description: 'What people call it, 1 to 100 characters.' }),
      instructions: t.string({
        required: true,
        description: 'Handlebars template of the system message, 65,536 characters at most; compiled when it is saved.',
      }),
      model: t.string({ description: "The model's name at its endpoint; omitted: the server's default model." }),
      provider: t.string({ description: 'OPENAI, in any case, and nothing else.' }),
      languages: t.stringList({ description: 'Codes such as pt or pt-BR it answers in, 50 at most.' }),
      contextTokens: t.int({
        description:
          "How much of the history goes along with a message, 256 tokens or more; null: the server's default.",
      }),
      movesStages: t.boolean({
        description: 'Whether it may move the identity it talks to into another stage; false when omitted.',
      }),
      default: t.boolean({
        description: "Whether it becomes the worker's default assistant. The first one does in any case.",
      }),
    }),
  },
  {
    description: 'Makes an assistant.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { workerId, ...assistant } }, ctx) => ({
      assistant: await createAssistant(ctx, workerId, assistant),
    }),
  },
  {
    description: 'The new assistant.',
    outputFields: (t) => ({
      assistant: t.field({
        type: AssistantType,
        description: 'The assistant with its id.',
        resolve: ({ assistant }) => assistant,
      }),
    }),
  },
);

builder.relayMutationField(
  'updateAssistant',
  {
    description: 'Changes of an assistant. Omitted fields keep what they are, null clears.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The id of the assistant.' }),
      name: t.string({ description: 'What people call it, 1 to 100 characters.' }),
      instructions: t.string({
        description: 'Handlebars template of the system message, 65,536 characters at most; compiled when it is saved.',
      }),
      model: t.string({ description: "The model's name at its endpoint; null: the server's default model." }),
      provider: t.string({ description: 'OPENAI, in any case, and nothing else.' }),
      languages: t.stringList({ description: 'Codes such as pt or pt-BR it answers in, 50 at most.' }),
      contextTokens: t.int({
        description:
          "How much of the history goes along with a message, 256 tokens or more; null: the server's default.",
      }),
      movesStages: t.boolean({ description: 'Whether it may move the identity it talks to into another stage.' }),
      default: t.boolean({ description: "True makes it the worker's default assistant; false changes nothing." }),
    }),
  },
  {
    description: 'Changes an assistant. New instructions get the next version; turns that run keep theirs.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id, ...changes } }, ctx) => ({
      assistant: await updateAssistant(ctx, id, changes),
    }),
  },
  {
    description: 'The assistant as it is now.',
    outputFields: (t) => ({
      assistant: t.field({
        type: AssistantType,
        description: 'The assistant after the change.',
        resolve: ({ assistant }) => assistant,
      }),
    }),
  },
);

builder.relayMutationField(
  'deleteAssistant',
  {
    description: 'Which assistant no longer answers.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The id of the assistant.' }) }),
  },
  {
    description:
      "Deletes an assistant. Stages that named it get the worker's default; if it was that itself, the oldest that remains becomes it.",
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id } }, ctx) => {
      await deleteAssistant(ctx, id);
      return { id };
    },
  },
  {
    description: 'What was deleted.',
    outputFields: (t) => ({
      deletedAssistantId: t.exposeID('id', { description: 'The id of the assistant, which names nothing any more.' }),
    }),
  },
);
