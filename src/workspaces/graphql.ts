import { NotFoundError } from '../errors.ts';
import { Permission } from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import { oldestFirst } from '../graphql/pages.ts';
import { operatorOnly, requireRead } from './access.ts';
import { createApiKey, getWorkspace, listApiKeys, revokeApiKey } from './operations.ts';

export const PermissionEnum = builder.enumType('Permission', {
  description: 'What credentials allow.',
  values: {
    [Permission.READ]: { description: 'Queries and subscriptions; GET routes that change nothing.' },
    [Permission.WRITE]: { description: 'Everything that changes something or sends a message.' },
  } as const,
});

const WorkspaceType = builder.prismaNode('Workspace', {
  description: 'An isolated environment. The credentials name it; nothing crosses its border.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { id, AND: [{ id: ctx.workspaceId }, operatorOnly(ctx)] };
  },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What operators call it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const ApiKeyType = builder.prismaObject('ApiKey', {
  description: 'A key that opens this workspace. Its secret is shown once, when it is created.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Prefixed, sortable id.' }),
    name: t.exposeString('name', { description: 'What it is for.' }),
    secretHint: t.exposeString('secretHint', {
      description: 'The first characters of the secret, to tell keys apart.',
    }),
    permissions: t.expose('permissions', { type: [PermissionEnum], description: 'What it allows.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: never.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last opened the workspace, to the minute; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null: it was not. A key that has expired opens nothing either.',
    }),
  }),
});

const ApiKeyConnection = builder.connectionObject(
  { type: ApiKeyType, name: 'ApiKeyConnection', description: 'A page of API keys.' },
  { name: 'ApiKeyEdge', description: 'An API key in a list.' },
);

builder.queryFields((t) => ({
  workspace: t.field({
    type: WorkspaceType,
    description: 'The workspace the credentials open. For operators only.',
    resolve: (_root, _args, ctx) => getWorkspace(ctx),
  }),
  apiKeys: t.connection(
    {
      type: ApiKeyType,
      description: 'The keys of the workspace, oldest first. Needs an API key that may read and write.',
      args: {
        includeRevoked: t.arg.boolean({ defaultValue: false, description: 'Whether to list revoked keys too.' }),
      },
      resolve: async (_root, { includeRevoked, ...page }, ctx) => {
        const keys = await listApiKeys(ctx, oldestFirst.query(page), { includeRevoked: includeRevoked ?? false });
        return oldestFirst.connection(keys, page);
      },
    },
    ApiKeyConnection,
  ),
}));

builder.relayMutationField(
  'createApiKey',
  {
    description: 'What the new key is for and what it allows.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What it is for, 3 to 100 characters.' }),
      permissions: t.field({
        type: [PermissionEnum],
        required: true,
        description: 'What it allows; at least one, and nothing that the caller may not do.',
      }),
      expiresAt: t.field({ type: 'DateTime', description: 'When it ends by itself; omitted: never.' }),
    }),
  },
  {
    description: 'Makes a key for this workspace.',
    errors: {},
    resolve: (_root, { input }, ctx) => createApiKey(ctx, input),
  },
  {
    description: 'The new key.',
    outputFields: (t) => ({
      apiKey: t.field({
        type: ApiKeyType,
        description: 'What is kept of it: everything but the secret.',
        resolve: ({ apiKey }) => apiKey,
      }),
      secret: t.exposeString('secret', {
        description: 'What to send as `Authorization: Bearer …`. It cannot be shown again.',
      }),
    }),
  },
);

builder.relayMutationField(
  'revokeApiKey',
  {
    description: 'Which key to end.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The id of the key.' }) }),
  },
  {
    description:
      'Ends a key at once, with the connections it has opened and the access tokens it has made. Revoking it again changes nothing.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({ apiKey: await revokeApiKey(ctx, input.id) }),
  },
  {
    description: 'The key that was ended.',
    outputFields: (t) => ({
      apiKey: t.field({
        type: ApiKeyType,
        description: 'The key with the time of its end.',
        resolve: ({ apiKey }) => apiKey,
      }),
    }),
  },
);
