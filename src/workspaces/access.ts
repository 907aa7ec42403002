import { ForbiddenError } from '../errors.ts';
import type { Permission } from '../generated/prisma/enums.ts';

/** What a request's credentials open. */
export interface Access {
  readonly workspaceId: string;
  readonly permissions: readonly Permission[];
  /** The API key it comes from; null for an access token. */
  readonly apiKeyId: string | null;
  /** Set for an access token: nothing but this identity, its conversations and turns can be seen. */
  readonly identityId: string | null;
  /** When the credentials end by themselves; null: they do not. */
  readonly expiresAt: Date | null;
}

interface Accessor {
  readonly access: Access;
}

/** Throws ForbiddenError unless the credentials allow reading. */
export function requireRead({ access }: Accessor): void {
  if (!access.permissions.includes('READ')) throw new ForbiddenError('This needs a key with the read permission.');
}

/** Throws ForbiddenError unless the credentials allow changing things. */
export function requireWrite({ access }: Accessor): void {
  if (!access.permissions.includes('WRITE')) throw new ForbiddenError('This needs a key with the write permission.');
}

/** Throws ForbiddenError for an access token, which sees one identity only. */
export function requireOperator({ access }: Accessor): void {
  if (access.identityId !== null)
    throw new ForbiddenError('This needs an API key; an access token sees its own identity only.');
}

/** Throws ForbiddenError unless an API key that may read is used. */
export function requireOperatorRead(ctx: Accessor): void {
  requireOperator(ctx);
  requireRead(ctx);
}

/** Throws ForbiddenError unless an API key that may write is used. */
export function requireOperatorWrite(ctx: Accessor): void {
  requireOperator(ctx);
  requireWrite(ctx);
}

/** The part of a `where` that keeps an access token to its own identity; nothing for an API key. */
export function ownIdentity({ access }: Accessor): { id?: string } {
  return access.identityId === null ? {} : { id: access.identityId };
}

/** The same for rows that refer to their identity. */
export function ownedByIdentity({ access }: Accessor): { identityId?: string } {
  return access.identityId === null ? {} : { identityId: access.identityId };
}

/** The part of a `where` that hides from an access token what operators alone may look up; nothing for an API key. */
export function operatorOnly({ access }: Accessor): { AND?: { id: { in: string[] } } } {
  return access.identityId === null ? {} : { AND: { id: { in: [] } } };
}
