import { answer, type RestApi, readBody, readPage } from '../http/rest.ts';
import { parseInput } from '../input.ts';
import { assignStageBody, identityReference } from './model.ts';
import {
  assignStage,
  deleteIdentity,
  getIdentity,
  type IdentityWithStage,
  listIdentities,
  upsertIdentity,
  WITH_STAGE,
} from './operations.ts';

export function identityRoutes(api: RestApi): void {
  api.get('/identity', async (c) => {
    const identities = await listIdentities(c.var.ctx, { ...WITH_STAGE, ...readPage(c) });
    return answer(c, 200, 'Identities retrieved successfully', identities.map(toIdentityBody));
  });
  api.get('/identity/:identity_id', async (c) => {
    const identity = await getIdentity(c.var.ctx, identityReference(c.req.param('identity_id')));
    return answer(c, 200, 'Identity retrieved successfully', toIdentityBody(identity));
  });
  api.put('/identity/:identity_id', async (c) => {
    const by = identityReference(c.req.param('identity_id'));
    const { identity, created } = await upsertIdentity(c.var.ctx, by, await readBody(c));
    return created
      ? answer(c, 201, 'Identity created successfully', toIdentityBody(identity))
      : answer(c, 200, 'Identity updated successfully', toIdentityBody(identity));
  });
  api.delete('/identity/:identity_id', async (c) => {
    const erasure = await deleteIdentity(c.var.ctx, identityReference(c.req.param('identity_id')));
    return answer(c, 200, 'Identity deleted successfully', {
      id: erasure.identityId,
      conversations: erasure.conversations,
      turns: erasure.turns,
      messages: erasure.messages,
      memory: erasure.memoryEntries,
      transitions: erasure.transitions,
      prompts: erasure.prompts,
    });
  });
  api.post('/identity/:identity_id/stage', async (c) => {
    const by = identityReference(c.req.param('identity_id'));
    const identity = await assignStage(c.var.ctx, by, parseInput(assignStageBody, await readBody(c)));
    return answer(c, 200, 'Stage assigned successfully', toIdentityBody(identity));
  });
}

/** An identity as the older API shows it; `stage` is the key, as templates read it. */
export function toIdentityBody(identity: IdentityWithStage): Record<string, unknown> {
  return {
    id: identity.id,
    external_id: identity.externalId,
    name: identity.name,
    phone: identity.phone,
    email: identity.email,
    metadata: identity.metadata,
    stage: identity.stage?.key ?? null,
    stage_id: identity.stageId,
    stage_entered_at: identity.stageEnteredAt,
    created_at: identity.createdAt,
    updated_at: identity.updatedAt,
  };
}
