import { builder } from '../graphql/builder.ts';
import { oldestFirst } from '../graphql/pages.ts';
import { operatorOnly, requireOperatorRead, requireRead } from '../workspaces/access.ts';
import { findAssistant, findWorker, listAssistants, listWorkers } from './operations.ts';

export const WorkerType = builder.prismaNode('Worker', {
  description: 'A conversational application: one or more assistants behind channels. For operators only.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { id, workspaceId: ctx.workspaceId, deletedAt: null, ...operatorOnly(ctx) };
  },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What operators call it.' }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'What it is for; null when nobody said.',
    }),
    timezone: t.exposeString('timezone', {
      nullable: true,
      description:
        'IANA zone of those it talks to, such as America/Sao_Paulo. It is kept for clients, and prompts tell the time in UTC; null: none is kept.',
    }),
    defaultAssistant: t.relation('defaultAssistant', {
      nullable: true,
      description: "Answers unless the identity's stage names another; null until the first assistant is created.",
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it or one of its assistants was last changed.',
    }),
  }),
});

export const AssistantType = builder.prismaNode('Assistant', {
  description: 'Who answers: an instructions template and a model.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { id, workspaceId: ctx.workspaceId, deletedAt: null, ...operatorOnly(ctx) };
  },
  fields: (t) => ({
    worker: t.field({
      type: WorkerType,
      description: 'The application it belongs to. For operators only.',
      select: (_args, _ctx, selected) => ({ worker: selected() }),
      resolve: ({ worker }, _args, ctx) => {
        requireOperatorRead(ctx);
        return worker;
      },
    }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    instructions: t.string({
      description: 'Handlebars template of the system message. For operators only.',
      resolve: ({ instructions }, _args, ctx) => {
        requireOperatorRead(ctx);
        return instructions;
      },
    }),
    instructionsVersion: t.exposeInt('instructionsVersion', {
      description: 'Counts the saved changes of the instructions from 1; a turn is pinned to one.',
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: "The model's name at its endpoint; null: the server's default model.",
    }),
    provider: t.exposeString('provider', {
      description: 'The kind of endpoint; always OPENAI, which means compatible with it.',
    }),
    languages: t.exposeStringList('languages', {
      description:
        'Codes such as pt or pt-BR it is meant to answer in. They are kept for clients; what the model is told of them stands in the instructions.',
    }),
    contextTokens: t.exposeInt('contextTokens', {
      nullable: true,
      description: "How much of the history goes along with a message, in tokens; null: the server's default.",
    }),
    movesStages: t.exposeBoolean('movesStages', {
      description: 'Whether it may move the identity it talks to into another stage.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
});

const WorkerConnection = builder.connectionObject(
  { type: WorkerType, name: 'WorkerConnection', description: 'A page of workers.' },
  { name: 'WorkerEdge', description: 'A worker in a list.' },
);

const AssistantConnection = builder.connectionObject(
  { type: AssistantType, name: 'AssistantConnection', description: 'A page of assistants.' },
  { name: 'AssistantEdge', description: 'An assistant in a list.' },
);

builder.prismaObjectField('Worker', 'assistants', (t) =>
  t.connection(
    {
      type: AssistantType,
      description: 'Its assistants, oldest first.',
      select: (args, _ctx, selected) => ({ assistants: oldestFirst.nested(args, selected, { deletedAt: null }) }),
      resolve: ({ assistants }, args) => oldestFirst.connection(assistants, args),
    },
    AssistantConnection,
  ),
);

builder.prismaObjectField('Stage', 'assistant', (t) =>
  t.field({
    type: AssistantType,
    nullable: true,
    description:
      "Answers while an identity is in the stage; null: the worker's default assistant does. For operators only.",
    select: (_args, _ctx, selected) => ({ assistant: selected() }),
    resolve: ({ assistant }, _args, ctx) => {
      requireOperatorRead(ctx);
      return assistant;
    },
  }),
);

builder.queryFields((t) => ({
  worker: t.prismaField({
    type: 'Worker',
    nullable: true,
    description: 'One worker; null when there is none in this workspace.',
    args: { id: t.arg.id({ required: true, description: 'The id of a worker, `wrk_…`.' }) },
    resolve: (query, _root, { id }, ctx) => findWorker(ctx, id, query),
  }),
  workers: t.connection(
    {
      type: WorkerType,
      description: 'The workers of the workspace, oldest first.',
      resolve: async (_root, page, ctx, info) =>
        oldestFirst.connection(await listWorkers(ctx, oldestFirst.queryFrom(page, ctx, info)), page),
    },
    WorkerConnection,
  ),
  assistant: t.prismaField({
    type: 'Assistant',
    nullable: true,
    description: 'One assistant; null when there is none in this workspace.',
    args: { id: t.arg.id({ required: true, description: 'The id of an assistant, `ast_…`.' }) },
    resolve: (query, _root, { id }, ctx) => findAssistant(ctx, id, query),
  }),
  assistants: t.connection(
    {
      type: AssistantType,
      description: 'The assistants of all workers, oldest first.',
      resolve: async (_root, page, ctx, info) =>
        oldestFirst.connection(await listAssistants(ctx, oldestFirst.queryFrom(page, ctx, info)), page),
    },
    AssistantConnection,
  ),
}));
