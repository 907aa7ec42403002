import { ForbiddenError } from '../errors.ts';
import type { Permission } from '../generated/prisma/enums.ts';

/** What a request's credentials open. */
export interface Access {
  readonly workspaceId: string;
  readonly permissions: readonly Permission[];
  /** The API key it comes from, or that made the access token; null for what the server does by itself. */
  readonly apiKeyId: string | null;
  /** Set for an access token: nothing but this identity, its conversations and turns can be seen. */
  readonly identityId: string | null;
  /** When the credentials end by themselves; null: they do not. */
  readonly expiresAt: Date | null;
}

/** What the server itself may do in a workspace: all that an operator may. */
export function serverAccess(workspaceId: string): Access {
  return { workspaceId, permissions: ['READ', 'WRITE'], apiKeyId: null, identityId: null, expiresAt: null };
}

interface Accessor {
  readonly access: Access;
}

export function mayRead({ access }: Accessor): boolean {
  return access.permissions.includes('READ');
}

/** Throws ForbiddenError unless the credentials allow reading. */
export function requireRead(ctx: Accessor): void {
  if (!mayRead(ctx)) throw new ForbiddenError('This needs a key with the read permission.');
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

/** Throws ForbiddenError for a permission the caller does not have: nobody hands on more than that. */
export function requireGrantable({ access }: Accessor, permissions: readonly Permission[]): void {
  const beyond = permissions.filter((permission) => !access.permissions.includes(permission));
  if (beyond.length > 0) throw new ForbiddenError(`The key cannot grant what it does not have: ${beyond.join(', ')}.`);
}

/** Throws ForbiddenError unless an API key that may read and write is used: what only those need to see who set the workspace up. */
export function requireAuthor(ctx: Accessor): void {
  requireOperatorRead(ctx);
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
