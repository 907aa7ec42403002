import { LimitExceededError, NotFoundError } from '../errors.ts';
import { builder } from '../graphql/builder.ts';
import { IdentityReferenceInput } from '../identities/graphql.ts';
import { toIdentityReference } from '../identities/model.ts';
import { forget, memoryQuery, remember } from './operations.ts';

export const MemoryEntryType = builder.prismaObject('MemoryEntry', {
  description: 'One thing known about an identity. Visible to operators and to the identity itself.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Prefixed, sortable id; it stays when the value is overwritten.' }),
    key: t.exposeString('key', { description: 'Dotted, such as `preferences.language`; unique for its identity.' }),
    value: t.expose('value', {
      type: 'JSON',
      nullable: true,
      description: 'What is known, at most 16,384 characters of JSON; null when that is JSON null.',
    }),
    source: t.exposeString('source', {
      nullable: true,
      description:
        'Where the fact came from: `conversation` when an assistant noticed it, `api` by default; null when nobody said.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description: 'How sure it is, from 0 to 1; null when nobody said.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the key was first used.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When the value was last written.' }),
  }),
});

builder.prismaObjectField('Identity', 'memory', (t) =>
  t.relation('memory', {
    description: 'What is known about the user over all channels, ordered by key; 1000 entries at most.',
    args: {
      prefix: t.arg.string({
        description: 'Only this key and the keys below it: `preferences` takes `preferences.language` too.',
      }),
    },
    query: ({ prefix }) => memoryQuery(prefix),
  }),
);

builder.relayMutationField(
  'remember',
  {
    description: 'A fact, whom it is about, and how it is known.',
    inputFields: (t) => ({
      identity: t.field({ type: IdentityReferenceInput, required: true, description: 'Whom it is about.' }),
      key: t.string({
        required: true,
        description: 'Names of latin letters, digits, `_` and `-`, joined by dots; 200 characters at most.',
      }),
      value: t.field({ type: 'JSON', required: true, description: 'Any JSON value of at most 16,384 characters.' }),
      source: t.string({ description: 'Where the fact came from, 100 characters at most; `api` when omitted.' }),
      confidence: t.float({ description: 'How sure it is, from 0 to 1.' }),
    }),
  },
  {
    description:
      'Keeps a fact under its key, in place of what was there. An identity can have 1000 keys. Needs an API key.',
    errors: { types: [NotFoundError, LimitExceededError] },
    resolve: async (_root, { input: { identity, ...fact } }, ctx) => ({
      entry: await remember(ctx, toIdentityReference(identity), fact),
    }),
  },
  {
    description: 'What is known now.',
    outputFields: (t) => ({
      entry: t.field({
        type: MemoryEntryType,
        description: 'What is kept under the key.',
        resolve: ({ entry }) => entry,
      }),
    }),
  },
);

builder.relayMutationField(
  'forget',
  {
    description: 'Which fact about whom.',
    inputFields: (t) => ({
      identity: t.field({ type: IdentityReferenceInput, required: true, description: 'Whom it is about.' }),
      key: t.string({ required: true, description: 'Exactly this key; the keys below it stay.' }),
    }),
  },
  {
    description: 'Drops a fact for good. Forgetting what is not known changes nothing. Needs an API key.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({
      entry: await forget(ctx, toIdentityReference(input.identity), input.key),
    }),
  },
  {
    description: 'What was known.',
    outputFields: (t) => ({
      entry: t.field({
        type: MemoryEntryType,
        nullable: true,
        description: 'The entry as it was; null when nothing was kept under the key.',
        resolve: ({ entry }) => entry,
      }),
    }),
  },
);
