import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CHAOS_DOORS, subscribe } from './chaos-readers.ts';
import { CONVERSATION_EVENTS, ConversationText } from './conversation-reader.ts';
import { randomNumbers } from './random.ts';
import { type Reply, reply } from './scripted-model.ts';
import { API_KEY } from './server-process.ts';
import { TurnText } from './turn-readers.ts';

/** How long a client waits for the answer to what it sends before it sends it again elsewhere. */
const SEND_TIMEOUT_MS = 5000;
const RETRY_MS = 200;
const MAX_THINKING_MS = 8000;

/** What a client knows of one of its messages. */
export interface Said {
  externalId: string;
  text: string;
  clientMessageId: string;
  /** Set once a server has said that it has it. */
  turnId?: string;
  conversationId?: string;
  /** Whether the client asked for its end. */
  cancelled: boolean;
  /** By REST, which can take nothing back. */
  overRest: boolean;
  /** What the client was told. */
  read?: TurnText;
  /** How often its connection was lost meanwhile. */
  cuts: number;
}

/** The words of the reply to a text, the same for the same text, and how long each takes in milliseconds. */
function replyTo(text: string): { words: string[]; delayMs: number } {
  const random = randomNumbers([...text].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7));
  const count = 3 + Math.floor(random() * 20);
  const words = Array.from(
    { length: count },
    (_, nth) => `${nth === 0 ? '' : ' '}${Math.floor(random() * 1e6).toString(36)}`,
  );
  return { words, delayMs: 10 + random() * 150 };
}

export function expectedReply(text: string): string {
  return replyTo(text).words.join('');
}

/** The model: every text has its own reply; some ask for a tool first. */
export const chaosModel: Reply = async (call, request) => {
  const { words, delayMs } = replyTo(request.userText);
  const usedTool = request.body.messages.at(-1)?.role === 'tool';
  if (usesTool(request.userText) && !usedTool)
    return reply.toolCalls({ name: 'remember', arguments: { key: 'said', value: request.userText } })(call, request);
  let left = false;
  void call.ended.then(() => {
    left = true;
  });
  call.openStream();
  for (const word of words) {
    await pause(delayMs);
    if (left) return;
    await call.chunk({ content: word });
  }
  await call.chunk({}, 'stop');
  await call.event('[DONE]');
  call.end();
};

export function usesTool(text: string): boolean {
  return text.endsWith('tool');
}

/** Somebody who talks, listens and goes on elsewhere whenever a server fails, until told to stop. */
export async function chat(
  origins: readonly string[],
  externalId: string,
  seed: number,
  { stopping, given, all = [] }: { stopping: () => boolean; given: AbortSignal; all?: Said[] },
): Promise<Said[]> {
  const random = randomNumbers(seed);
  const following: Promise<void>[] = [];
  const anyOrigin = () => origins[Math.floor(random() * origins.length)] as string;
  for (let nth = 0; !stopping(); nth += 1) {
    await pause(random() * MAX_THINKING_MS);
    const kind = random();
    const said: Said = {
      externalId,
      text: `${externalId} says ${nth}${kind < 0.1 ? ' with a tool' : ''}`,
      clientMessageId: randomUUID(),
      cancelled: kind > 0.9,
      ...{ overRest: false, cuts: 0 },
    };
    all.push(said);
    const cursor = await send(said, anyOrigin, given);
    if (cursor === null) break;
    const door = Math.floor(random() * CHAOS_DOORS.length);
    const listening = listen(said, { cursor, door, anyOrigin, given });
    if (said.cancelled) following.push(cancel(said, random() * 1500, anyOrigin, given));
    // Some say the next thing before they have heard the answer.
    if (random() < 0.2) following.push(listening);
    else await listening;
  }
  await Promise.all(following);
  return all;
}

/** Somebody who only looks on at the conversation of another, who says all this, until he has seen how everything ended. */
export async function watch(
  origins: readonly string[],
  all: readonly Said[],
  seed: number,
  { stopped, given }: { stopped: () => boolean; given: AbortSignal },
): Promise<ConversationText> {
  const random = randomNumbers(seed);
  const seen = new ConversationText();
  // A turn without a reply leaves nothing in a snapshot.
  const hasSeen = ({ turnId = '', read }: Said) => seen.ended.has(turnId) || read?.text === '';
  const hasSeenAll = () => stopped() && all.every(hasSeen);
  while (!given.aborted && !hasSeenAll()) {
    const id = all[0]?.conversationId;
    const leaving = new AbortController();
    const origin = origins[Math.floor(random() * origins.length)] as string;
    const looking = setInterval(() => hasSeenAll() && leaving.abort(), RETRY_MS);
    await Promise.all([
      id === undefined ||
        subscribe<{ data?: { conversationEvents: object } | null; errors?: unknown }>(
          origin,
          CONVERSATION_EVENTS,
          { id, after: seen.cursor },
          AbortSignal.any([leaving.signal, given]),
          ({ data, errors }) => {
            // What could not be read is asked for again.
            if (errors || !data) throw new Error(JSON.stringify(errors));
            seen.take(data.conversationEvents);
          },
        ).catch(() => undefined),
      pause(RETRY_MS),
    ]);
    clearInterval(looking);
  }
  return seen;
}

/** Sends until a server has it; the cursor behind which the answer comes, or null when there was no time left. */
async function send(said: Said, anyOrigin: () => string, given: AbortSignal): Promise<string | null> {
  const { externalId, text, clientMessageId } = said;
  const input = { identity: { externalId }, channel: { key: 'web' }, text, clientMessageId };
  while (!given.aborted) {
    const answer = await ask(anyOrigin(), SEND, { input });
    const payload = answer?.data?.sendMessage;
    if (payload?.turn) {
      said.turnId = payload.turn.id;
      said.conversationId = payload.turn.conversation.id;
      return payload.cursor;
    }
    await pause(RETRY_MS);
  }
  return null;
}

async function listen(
  said: Said,
  { cursor, door, anyOrigin, given }: { cursor: string; door: number; anyOrigin: () => string; given: AbortSignal },
): Promise<void> {
  const read = new TurnText(cursor);
  said.read = read;
  said.overRest = door === CHAOS_DOORS.length - 1;
  const follow = CHAOS_DOORS[door] as (typeof CHAOS_DOORS)[number];
  while (!given.aborted && !hasEnd(read)) {
    try {
      await follow(anyOrigin(), said.turnId as string, read);
      if (!hasEnd(read)) throw new Error('ended too early');
    } catch {
      said.cuts += 1;
      await pause(RETRY_MS);
    }
  }
}

export function hasEnd({ types }: TurnText): boolean {
  return ['TurnCompleted', 'TurnFailed', 'TurnCancelled'].includes(types.at(-1) ?? '');
}

async function cancel(said: Said, afterMs: number, anyOrigin: () => string, given: AbortSignal): Promise<void> {
  await pause(afterMs);
  while (!given.aborted) {
    if ((await ask(anyOrigin(), CANCEL, { id: said.turnId }))?.data?.cancelTurn?.turn) return;
    await pause(RETRY_MS);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which know their shape
async function ask(origin: string, query: string, variables: object): Promise<any> {
  try {
    const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    });
    return await response.json();
  } catch {
    return null;
  }
}

const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ... on SendMessagePayload { cursor turn { id conversation { id } } } ... on UserError { code } }
}`;
const CANCEL = `mutation ($id: ID!) { cancelTurn(input: { turnId: $id }) { ... on CancelTurnPayload { turn { id } } } }`;
