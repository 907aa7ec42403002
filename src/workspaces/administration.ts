// What is done by whoever administers the server, over all workspaces. No request comes here.
import { createLocalAnnouncements } from '../announcements.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { PrismaClient, Workspace } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import { canName, parseInput } from '../input.ts';
import { serverAccess } from './access.ts';
import { createWorkspaceInput } from './model.ts';
import type { KeyContext } from './operations.ts';

/** All workspaces, oldest first. */
export function listWorkspaces(db: PrismaClient): Promise<Workspace[]> {
  return db.workspace.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

/** A new workspace with nothing in it. */
export function createWorkspace(db: PrismaClient, input: unknown): Promise<Workspace> {
  const { name } = parseInput(createWorkspaceInput, input);
  return db.workspace.create({ data: { id: newId('Workspace'), name } });
}

/** What keys of this workspace are looked after with; the workspace is named by id or name, and need not be while there is one only. */
export async function inWorkspace(db: PrismaClient, name?: string): Promise<KeyContext> {
  const workspaces = await listWorkspaces(db);
  const named = workspaces.filter((workspace) => name === undefined || [workspace.id, workspace.name].includes(name));
  const [workspace, another] = named;
  if (!workspace) {
    const known = workspaces.map(({ id, name }) => `${id} (${name})`).join(', ');
    throw new NotFoundError(`There is no such workspace. There ${known ? `is ${known}` : 'are none'}.`);
  }
  if (another) {
    const known = named.map(({ id, name }) => `${id} (${name})`).join(', ');
    throw new InvalidInputError([{ path: 'workspace', message: `must be one of ${known}` }]);
  }
  return contextOf(db, workspace.id);
}

/** The same for the workspace that a key belongs to. */
export async function besideKey(db: PrismaClient, id: string): Promise<KeyContext> {
  const key = canName({ id }) ? await db.apiKey.findUnique({ where: { id } }) : null;
  if (!key) throw new NotFoundError('There is no API key with this id.');
  return contextOf(db, key.workspaceId);
}

function contextOf(db: PrismaClient, workspaceId: string): KeyContext {
  return {
    db,
    workspaceId,
    access: serverAccess(workspaceId),
    // Servers find out by themselves, within seconds.
    announcements: createLocalAnnouncements(),
  };
}
