import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { ApiKey, Prisma, Workspace } from '../generated/prisma/client.ts';
import { canName, parseInput } from '../input.ts';
import { requireAuthor, requireGrantable, requireOperatorRead, requireOperatorWrite } from './access.ts';
import { newApiKeySecret, saveApiKey } from './api-keys.ts';
import { createApiKeyInput } from './model.ts';

/** What keys are looked after with: a request's context, or that of whoever administers the server. */
export type KeyContext = Pick<Context, 'db' | 'workspaceId' | 'access' | 'announcements'>;
type ApiKeyQuery = Pick<Prisma.ApiKeyFindManyArgs, 'where' | 'take'>;

const NO_KEY = 'There is no API key with this id.';

export async function getWorkspace(ctx: Context): Promise<Workspace> {
  requireOperatorRead(ctx);
  return ctx.db.workspace.findUniqueOrThrow({ where: { id: ctx.workspaceId } });
}

/** The keys of the workspace, oldest first. Whoever may make and revoke keys may see which there are. */
export async function listApiKeys(
  ctx: KeyContext,
  query: ApiKeyQuery = {},
  { includeRevoked = false } = {},
): Promise<ApiKey[]> {
  requireAuthor(ctx);
  return ctx.db.apiKey.findMany({
    ...query,
    where: { workspaceId: ctx.workspaceId, AND: query.where ?? {}, ...(includeRevoked ? {} : { revokedAt: null }) },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
}

/**
 * A new key of the workspace and its secret, which is not kept and cannot be shown again. Throws ForbiddenError for a
 * permission the caller does not have.
 */
export async function createApiKey(ctx: KeyContext, input: unknown): Promise<{ apiKey: ApiKey; secret: string }> {
  requireOperatorWrite(ctx);
  const key = parseInput(createApiKeyInput, input);
  requireGrantable(ctx, key.permissions);
  return saveApiKey(ctx.db, { workspaceId: ctx.workspaceId, ...key, secret: newApiKeySecret() });
}

/** Ends a key at once, with every connection it has opened; revoking it again changes nothing. */
export async function revokeApiKey(ctx: KeyContext, id: string): Promise<ApiKey> {
  requireOperatorWrite(ctx);
  if (!canName({ id })) throw new NotFoundError(NO_KEY);
  const where = { id, workspaceId: ctx.workspaceId };
  await ctx.db.apiKey.updateMany({ where: { ...where, revokedAt: null }, data: { revokedAt: new Date() } });
  const apiKey = await ctx.db.apiKey.findFirst({ where });
  if (!apiKey) throw new NotFoundError(NO_KEY);
  ctx.announcements.tell({ type: 'ApiKeyChanged', apiKeyId: id });
  return apiKey;
}
