import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { InvalidInputError } from '../errors.ts';

/** Where a reader is in the events of a conversation. */
export interface Position {
  conversationId: string;
  /** Names the log the sequence number counts in: a log that was dropped and begun again has another. */
  epoch: string;
  /** The number of the last event seen in that log. */
  sequence: number;
  /** The number of the turn that event belongs to. */
  turnNumber: number;
  /** How many characters of that turn's reply have been seen; null: the turn's last event has been. */
  offset: number | null;
}

/** Turns positions into opaque strings and back: versioned, bound to a workspace and a conversation, tamper-evident. */
export interface Cursors {
  encode(workspaceId: string, position: Position): string;
  /** Throws InvalidInputError for `path` when it is malformed, forged, or of another workspace. */
  decode(workspaceId: string, cursor: string, path?: string): Position;
}

const VERSION = 'c1';
const TAG_LENGTH = 14;
const ENDED = '-e';
const SHAPE =
  /^c1\.(cnv_[0-9a-z]{26})\.([0-9a-z]{1,24})\.([0-9a-z]{1,10})\.([0-9a-z]{1,7})\.([0-9a-z]{1,7}|-e)\.([\w-]{14})$/;

export function createCursors(secret: string): Cursors {
  const inner = keyFrom(secret, 'inner');
  const outer = keyFrom(secret, 'outer');
  // Two nested hashes under two keys (NMAC), each in one call: every event carries a cursor, and createHmac costs twelve times as much.
  const tagOf = (workspaceId: string, body: string) =>
    hash('sha256', outer + hash('sha256', inner + workspaceId + body, 'base64url'), 'base64url').slice(0, TAG_LENGTH);
  return {
    encode(workspaceId, { conversationId, epoch, sequence, turnNumber, offset }) {
      const seen = offset === null ? ENDED : offset.toString(36);
      const body = `${VERSION}.${conversationId}.${epoch}.${sequence.toString(36)}.${turnNumber.toString(36)}.${seen}`;
      return `${body}.${tagOf(workspaceId, body)}`;
    },
    decode(workspaceId, cursor, path = 'after') {
      const parts = SHAPE.exec(cursor);
      if (!parts) throw notACursor(path);
      const [, conversationId, epoch, sequence, turnNumber, seen, tag] = parts as unknown as string[];
      const expected = tagOf(workspaceId, cursor.slice(0, -TAG_LENGTH - 1));
      if (!timingSafeEqual(Buffer.from(tag as string), Buffer.from(expected))) throw notACursor(path);
      return {
        conversationId: conversationId as string,
        epoch: epoch as string,
        sequence: Number.parseInt(sequence as string, 36),
        turnNumber: Number.parseInt(turnNumber as string, 36),
        offset: seen === ENDED ? null : Number.parseInt(seen as string, 36),
      };
    },
  };
}

function keyFrom(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(`cursor ${purpose}`).digest('base64url');
}

/** Says the same of a cursor that is malformed, forged, or of a conversation the caller does not see. */
export function notACursor(path = 'after'): InvalidInputError {
  return new InvalidInputError([{ path, message: 'is not a cursor of this conversation' }]);
}
