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

/** How a turn stands, as an operator sees it. */
export async function findTurn(caller: Caller, id: string) {
  const { turn } = await caller.query(
    'query ($id: ID!) { turn(id: $id) { status error { code message } message { text } reply { text } } }',
    { id },
  );
  return turn;
}
