import { it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { statementsOf } from './support/statements.ts';
const app = await startTestApp();
it('x', async () => {
  await prepareDemo(app);
  const db = app.database.db;
  const s = await db.stage.findFirstOrThrow();
  console.log(await statementsOf(async () => console.log(await db.stage.findMany({ cursor: { id: s.id, workspaceId: 'other' }, take: 5, orderBy: [{createdAt: 'asc'}, {id:'asc'}], where: {workspaceId: s.workspaceId} }))));
  console.log(await statementsOf(async () => console.log(await db.identity.findMany({ cursor: { workspaceId_id: { workspaceId: s.workspaceId, id: 'idn'}, externalId: 'x' }, take: 5, orderBy: [{createdAt: 'asc'}, {id:'asc'}], where: {workspaceId: s.workspaceId} }))));
  console.log(await statementsOf(async () => console.log(await db.conversation.findMany({ take: 5, orderBy: [{createdAt: 'asc'}, {id:'asc'}], where: {workspaceId: s.workspaceId}, include: { messages: {where: {conversation: {messages: {some: {id: 'x'}}}}, take: 5, orderBy: [{turnNumber: 'asc'}, {id:'asc'}]} } }))));
  console.log(await statementsOf(async () => console.log(await db.conversation.findMany({ take: 5, orderBy: [{createdAt: 'asc'}, {id:'asc'}], where: {workspaceId: s.workspaceId}, include: { messages: {cursor: { workspaceId_id: { workspaceId: 'x', id: 'x'}, conversationId: 'x'}, where: {conversation: {messages: {some: {id: 'x'}}}}, take: 5, orderBy: [{turnNumber: 'asc'}, {id:'asc'}]} } }))));
});
