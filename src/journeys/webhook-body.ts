import type { Stage } from '../generated/prisma/client.ts';
import type { Cause } from './effects.ts';

/** A move as receivers are told of it: `type` and `timestamp` as Standard Webhooks recommends, the rest beside them. */
export function toWebhookBody(cause: Cause): string {
  return JSON.stringify({
    type: 'stage.entered',
    timestamp: cause.createdAt,
    id: cause.id,
    workspace_id: cause.workspaceId,
    identity: { id: cause.identity.id, external_id: cause.identity.externalId },
    from_stage: cause.fromStage && toStageName(cause.fromStage),
    to_stage: toStageName(cause.toStage),
    cause: cause.cause,
    turn_id: cause.turnId,
    caused_by_id: cause.causedById,
    depth: cause.depth,
    metadata: cause.metadata,
    at: cause.createdAt,
  });
}

function toStageName({ id, key, name }: Stage) {
  return { id, key, name };
}
