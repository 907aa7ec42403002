import { NotFoundError } from '../errors.ts';
import { Permission } from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import { operatorOnly, requireRead } from './access.ts';
import { createApiKey, getWorkspace, revokeApiKey } from './operations.ts';

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
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null while it opens the workspace.',
    }),
  }),
});

builder.queryField('workspace', (t) =>
  t.field({
    type: WorkspaceType,
    description: 'The workspace the credentials open. For operators only.',
    resolve: (_root, _args, ctx) => getWorkspace(ctx),
  }),
);

builder.relayMutationField(
  'createApiKey',
  {
    description: 'What the new key is for and what it allows.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What it is for, 3 to 100 characters.' }),
      permissions: t.field({ type: [PermissionEnum], required: true, description: 'What it allows; at least one.' }),
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
    description: 'Ends a key at once. Revoking it again changes nothing.',
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
