import { useState } from 'preact/hooks';
import { mutate, type RequestError } from '../api/request.ts';
import { asRequestError } from '../api/use-query.ts';
import { SEND } from './documents.ts';
import type { Transcript } from './transcript.ts';

/** A message that this page sends, until the conversation tells it. */
export interface Sending {
  clientMessageId: string;
  text: string;
  /** Whether the server has it; without an error it is on its way until then. */
  stored?: boolean;
  /** Why it was not stored. */
  error?: RequestError;
}

export interface Route {
  identityId: string;
  channelKey: string;
}

/** Sends messages as an identity. Sending one again cannot store it twice: it keeps the id it was first sent under. */
export function useSending({ identityId, channelKey }: Route, stored: (conversationId: string) => void) {
  const [sending, setSending] = useState<readonly Sending[]>([]);
  const discard = (id: string) => setSending((all) => all.filter(({ clientMessageId }) => clientMessageId !== id));
  const change = (id: string, changed: Partial<Sending>) =>
    setSending((all) => all.map((one) => (one.clientMessageId === id ? { ...one, ...changed } : one)));
  const deliver = async (message: Sending) => {
    const { clientMessageId, text } = message;
    setSending((all) => [...all.filter((one) => one.clientMessageId !== clientMessageId), { clientMessageId, text }]);
    const identity = { id: identityId };
    try {
      const { turn } = await mutate(SEND, { input: { identity, channel: { key: channelKey }, text, clientMessageId } });
      change(clientMessageId, { stored: true });
      stored(turn.conversation.id);
    } catch (reason) {
      change(clientMessageId, { error: asRequestError(reason) });
    }
  };
  return { sending, deliver, discard, send: (text: string) => void deliver({ clientMessageId: newId(), text }) };
}

/** The messages on their way that the conversation has not told yet. */
export function notToldYet(sending: readonly Sending[], { messages }: Transcript): readonly Sending[] {
  const told = new Set(messages.map(({ turn }) => turn?.clientMessageId));
  return sending.filter(({ clientMessageId }) => !told.has(clientMessageId));
}

/** Unlike `crypto.randomUUID`, it also works on pages that are neither local nor served by https. */
function newId(): string {
  return `console-${crypto.getRandomValues(new BigUint64Array(2)).join('-')}`;
}
