import { ConflictError } from '../errors.ts';
import type { Stage } from '../generated/prisma/client.ts';

/** The identity is not in the stage its caller expected; nothing was changed. */
export class StageConflictError extends ConflictError {
  /** Null when it is in no stage. */
  readonly actualStage: Stage | null;

  constructor(expected: Stage, actual: Stage | null) {
    const place = actual ? `in the stage "${actual.key}"` : 'in no stage';
    super(`The identity is ${place}, not in "${expected.key}".`, 'STAGE_CONFLICT');
    this.actualStage = actual;
  }
}
