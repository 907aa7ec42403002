import { randomUUID } from 'node:crypto';
import type { Caller } from './app.ts';

/** A new identity, so that no other test talks in its conversation; returns its external id. */
export async function someone(caller: Caller): Promise<string> {
  const externalId = `person-${randomUUID()}`;
  const { status } = await caller.rest('PUT', `/identity/${externalId}`, { name: 'Somebody' });
  if (status !== 201) throw new Error(`The identity could not be created: ${status}`);
  return externalId;
}

export function chatPath(identity: string, channel = 'web'): string {
  return `/conversation/${identity}/chat/${channel}`;
}

export function streamPath(identity: string, message: string, channel = 'web'): string {
  return `/conversation/${identity}/streaming?${new URLSearchParams({ channel_id: channel, message })}`;
}

const TURN = 'status error { code message } message { text } reply { text }';

/** How a turn stands, as an operator sees it. */
export async function findTurn(caller: Caller, id: string) {
  const { turn } = await caller.query(`query ($id: ID!) { turn(id: $id) { ${TURN} } }`, { id });
  return turn;
}

/** How the last turn of somebody stands who has talked on one channel only. */
export async function findLastTurn(caller: Caller, externalId: string) {
  const { identity } = await caller.query(
    `query ($by: IdentityReference!) {
      identity(by: $by) { conversations(first: 1) { edges { node { turns(last: 1) { edges { node { id ${TURN} } } } } } } }
    }`,
    { by: { externalId } },
  );
  return identity.conversations.edges[0].node.turns.edges[0].node;
}
