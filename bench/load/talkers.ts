import { SEND_MESSAGE, TURN_EVENTS, textOf, toTurn } from './documents.ts';
import { readEvents, send, sendForJson } from './http.ts';
import type { Door, Target } from './job.ts';
import { type Payload, Socket } from './socket.ts';

/** One client of one door. */
export interface Talker {
  /** Says something and hears the whole reply, piece by piece; rejects when the turn has failed. */
  say(identity: string, text: string, onText: (text: string) => void): Promise<void>;
  close?(): void;
}

/** Connects a client where the door is one that keeps a connection. */
export async function openTalker(door: Door, target: Target, channel: string): Promise<Talker> {
  if (door === 'websocket') return webSocketTalker(await Socket.open(target.url, target.apiKey), channel);
  return { pipe: pipeTalker, rest: restTalker, blocking: blockingTalker, 'graphql-sse': graphqlSseTalker }[door](
    target,
    channel,
  );
}

function bearer({ apiKey }: Target) {
  return { authorization: `Bearer ${apiKey}` };
}

function pipeTalker({ url }: Target, model: string): Talker {
  return {
    async say(_identity, text, onText) {
      const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: text }] });
      const answer = await send(`${url}/v1/chat/completions`, { method: 'POST', body });
      await readEvents(answer, (data) => {
        if (data === '[DONE]') return;
        const piece = JSON.parse(data).choices[0]?.delta.content;
        if (piece) onText(piece);
      });
    },
  };
}

function restTalker(target: Target, channel: string): Talker {
  return {
    async say(identity, text, onText) {
      const query = new URLSearchParams({ channel_id: channel, message: text });
      const url = `${target.url}/conversation/${identity}/streaming?${query}`;
      const answer = await send(url, { method: 'GET', headers: bearer(target) });
      let last = '';
      await readEvents(answer, (data) => {
        const { type, content } = JSON.parse(data);
        last = type;
        if (type === 'token') onText(content);
      });
      if (last !== 'complete') throw new Error(`The stream ended with ${last || 'nothing'}`);
    },
  };
}

function blockingTalker(target: Target, channel: string): Talker {
  return {
    async say(identity, text, onText) {
      const url = `${target.url}/conversation/${identity}/chat/${channel}`;
      const sent = { method: 'POST', headers: bearer(target), body: JSON.stringify({ text }) };
      const { data } = await sendForJson<{ data: { text: string } }>(url, sent);
      onText(data.text);
    },
  };
}

function graphqlSseTalker(target: Target, channel: string): Talker {
  const url = `${target.url}/graphql`;
  return {
    async say(identity, text, onText) {
      const message = JSON.stringify({ query: SEND_MESSAGE, variables: { identity, channel, text } });
      const variables = toTurn(
        await sendForJson<Payload>(url, { method: 'POST', headers: bearer(target), body: message }),
      );
      const headers = { ...bearer(target), accept: 'text/event-stream' };
      const answer = await send(url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: TURN_EVENTS, variables }),
      });
      await readEvents(answer, (data) => onText(textOf(JSON.parse(data))));
    },
  };
}

function webSocketTalker(socket: Socket, channel: string): Talker {
  return {
    async say(identity, text, onText) {
      let sent: Payload | undefined;
      await socket.run(SEND_MESSAGE, { identity, channel, text }, (payload) => {
        sent = payload;
      });
      let failure: unknown;
      await socket.run(TURN_EVENTS, toTurn(sent), (payload) => {
        try {
          onText(textOf(payload));
        } catch (error) {
          failure = error;
        }
      });
      if (failure) throw failure;
    },
    close: () => socket.close(),
  };
}
