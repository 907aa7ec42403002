import { createHmac, timingSafeEqual } from 'node:crypto';
import { InvalidInputError } from '../errors.ts';
import { afterTransaction, type Snapshot } from './snapshot.ts';

/** How far a reader of the moves is. */
export interface TransitionPosition {
  /** The moves that have been told are those a reader with this view of the database would see. */
  seen: Snapshot;
  /** When that was; nothing that is much older is told. */
  at: Date;
}

/** Turns positions into opaque strings and back: versioned, bound to a workspace, tamper-evident. */
export interface TransitionCursors {
  encode(workspaceId: string, position: TransitionPosition): string;
  /** Throws InvalidInputError for `after` when it is malformed, forged, or of another workspace. */
  decode(workspaceId: string, cursor: string): TransitionPosition;
}

const VERSION = 't1';
const TAG_LENGTH = 14;
const SHAPE = /^t1\.([0-9a-z]{1,9})\.([0-9a-z]{1,13})((?:\.[0-9a-z]{1,13})*)\.([\w-]{14})$/;

export function createTransitionCursors(secret: string): TransitionCursors {
  const key = createHmac('sha256', secret).update('transition cursor').digest();
  const tagOf = (workspaceId: string, body: string) =>
    createHmac('sha256', key).update(workspaceId).update(body).digest('base64url').slice(0, TAG_LENGTH);
  return {
    encode(workspaceId, { seen: { end, running }, at }) {
      // Most of a transaction's number is that of the snapshot's end.
      const distances = running.map((transaction) => (end - transaction).toString(36));
      const body = [VERSION, at.getTime().toString(36), end.toString(36), ...distances].join('.');
      return `${body}.${tagOf(workspaceId, body)}`;
    },
    decode(workspaceId, cursor) {
      const [, at = '', end = '', distances = '', tag = ''] = SHAPE.exec(cursor) ?? [];
      const expected = tagOf(workspaceId, cursor.slice(0, -TAG_LENGTH - 1));
      if (tag === '' || !timingSafeEqual(Buffer.from(tag), Buffer.from(expected))) {
        throw new InvalidInputError([{ path: 'after', message: 'is not a cursor of this workspace' }]);
      }
      const last = fromBase36(end);
      const running = distances
        .split('.')
        .slice(1)
        .map((distance) => last - fromBase36(distance));
      return { seen: { end: last, running }, at: new Date(Number.parseInt(at, 36)) };
    },
  };
}

/** The position behind one move and all that began before it. */
export function positionBehind({
  transactionId,
  createdAt,
}: {
  transactionId: bigint;
  createdAt: Date;
}): TransitionPosition {
  return { seen: afterTransaction(transactionId), at: createdAt };
}

function fromBase36(digits: string): bigint {
  return Array.from(digits).reduce((value, digit) => value * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
}
