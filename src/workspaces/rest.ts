import { answer, type RestApi, readBody } from '../http/rest.ts';
import { createApiKey } from './operations.ts';

export function workspaceRoutes(api: RestApi): void {
  api.post('/workspace/api-keys', async (c) => {
    const { apiKey, secret } = await createApiKey(c.var.ctx, await readBody(c));
    return answer(c, 201, 'API key created successfully. Keep the secret: it cannot be shown again', {
      id: apiKey.id,
      name: apiKey.name,
      key: secret,
      permissions: apiKey.permissions.map((permission) => permission.toLowerCase()),
      workspace_id: apiKey.workspaceId,
      expires_at: apiKey.expiresAt,
      created_at: apiKey.createdAt,
    });
  });
}
