import type { Context, Services } from '../context.ts';
import { NotFoundError, UnauthenticatedError } from '../errors.ts';
import type { ApiKey, Workspace } from '../generated/prisma/client.ts';
import { canName, parseInput } from '../input.ts';
import { type Access, requireOperatorRead, requireOperatorWrite } from './access.ts';
import { looksLikeAccessToken } from './access-tokens.ts';
import { hashApiKeySecret, newApiKeySecret, saveApiKey } from './api-keys.ts';
import { createApiKeyInput } from './model.ts';

const NO_KEY = 'There is no API key with this id.';

/** What an API key or access token opens; throws UnauthenticatedError when it opens nothing. */
export async function authenticate(
  services: Pick<Services, 'db' | 'accessTokens'>,
  credential: string,
): Promise<Access> {
  if (looksLikeAccessToken(credential)) return services.accessTokens.verify(credential);
  const key = await services.db.apiKey.findUnique({ where: { secretHash: hashApiKeySecret(credential) } });
  if (!key || key.revokedAt) throw new UnauthenticatedError('The API key is not valid.');
  return {
    workspaceId: key.workspaceId,
    permissions: key.permissions,
    apiKeyId: key.id,
    identityId: null,
    expiresAt: null,
  };
}

export async function getWorkspace(ctx: Context): Promise<Workspace> {
  requireOperatorRead(ctx);
  return ctx.db.workspace.findUniqueOrThrow({ where: { id: ctx.workspaceId } });
}

/** A new key of the workspace and its secret, which is not kept and cannot be shown again. */
export async function createApiKey(ctx: Context, input: unknown): Promise<{ apiKey: ApiKey; secret: string }> {
  requireOperatorWrite(ctx);
  const { name, permissions } = parseInput(createApiKeyInput, input);
  return saveApiKey(ctx.db, { workspaceId: ctx.workspaceId, name, permissions, secret: newApiKeySecret() });
}

/** Ends a key at once; revoking it again changes nothing. */
export async function revokeApiKey(ctx: Context, id: string): Promise<ApiKey> {
  requireOperatorWrite(ctx);
  if (!canName({ id })) throw new NotFoundError(NO_KEY);
  const where = { id, workspaceId: ctx.workspaceId };
  await ctx.db.apiKey.updateMany({ where: { ...where, revokedAt: null }, data: { revokedAt: new Date() } });
  const apiKey = await ctx.db.apiKey.findFirst({ where });
  if (!apiKey) throw new NotFoundError(NO_KEY);
  return apiKey;
}
