import { z } from 'zod';
import { answerOf, bodyOf, documentsOf, EXAMPLE_TIME, idOf } from '../http/documented.ts';
import { answer, type RestApi, readBody } from '../http/rest.ts';
import { exampleId } from '../ids.ts';
import { createApiKeyInput } from './model.ts';
import { createApiKey } from './operations.ts';

const newApiKey = answerOf(
  'NewApiKey',
  {
    id: idOf('ApiKey'),
    name: z.string(),
    key: z.string().describe('The secret. It is not kept and cannot be shown again.'),
    permissions: z.array(z.enum(['read', 'write'])),
    workspaceId: idOf('Workspace'),
    expiresAt: z.date().nullable().describe('When it ends by itself; null: never.'),
    createdAt: z.date(),
  },
  {
    id: exampleId('ApiKey'),
    name: 'Web shop',
    key: 'mp_kq0aH3TfYw6mR2cVxJ9sLd4nB8pEzGu1',
    permissions: ['read', 'write'],
    workspace_id: exampleId('Workspace'),
    expires_at: null,
    created_at: EXAMPLE_TIME,
  },
);

export function workspaceRoutes(api: RestApi): void {
  const creates = documentsOf('Workspace')('createApiKey', 'Make an API key', {
    description: 'A key can do no more than the one that makes it.',
    body: bodyOf(createApiKeyInput, { name: 'Web shop', permissions: ['read', 'write'] }),
    answers: { 201: newApiKey },
  });
  api.post('/workspace/api-keys', creates, async (c) => {
    const { apiKey, secret } = await createApiKey(c.var.ctx, await readBody(c));
    const permissions = apiKey.permissions.map((permission) => (permission === 'READ' ? 'read' : 'write'));
    const body = newApiKey.of({ ...apiKey, key: secret, permissions });
    return answer(c, 201, 'API key created successfully. Keep the secret: it cannot be shown again', body);
  });
}
