import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ScriptedCall, type ScriptedRequest } from './scripted-call.ts';
import { type Reply, reply } from './scripted-reply.ts';

export type { ScriptedCall, ScriptedRequest } from './scripted-call.ts';
export { type Hold, hold, type Reply, reply } from './scripted-reply.ts';

/** An OpenAI-compatible endpoint on a real port that answers as a test tells it. */
export interface ScriptedModel {
  /** To be used as OPENAI_BASE_URL. */
  url: string;
  /** All requests so far, oldest first. */
  requests: ScriptedRequest[];
  /** The next request that no `when` matches gets this reply; several calls queue up. */
  next(answer: Reply): void;
  /**
   * Requests whose last user message is this text get these replies in turn, and from then on the last one; the latest
   * rule wins. A turn with a tool call makes two requests with the same last user message.
   */
  when(userText: string | RegExp, ...answers: [Reply, ...Reply[]]): void;
  /** What everything else gets; by default `Echo: <last user message>`, word by word. */
  otherwise(answer: Reply): void;
  /** The nth request (counted from 1) whose last user message is this text, as soon as it has arrived. */
  received(userText: string, nth?: number): Promise<ScriptedRequest>;
  /** How many requests had this text as their last user message. */
  calls(userText: string): number;
  /** Cuts all connections and stops listening. */
  close(): Promise<void>;
}

/** Starts an endpoint on a free port of 127.0.0.1. */
export async function startScriptedModel(): Promise<ScriptedModel> {
  const requests: ScriptedRequest[] = [];
  const queue: Reply[] = [];
  const rules: { matches: string | RegExp; answers: Reply[] }[] = [];
  const arrivals = new Set<() => void>();
  let fallback: Reply = reply.echo();

  const choose = (said: string): Reply => {
    const rule = rules.findLast(({ matches }) => (typeof matches === 'string' ? matches === said : matches.test(said)));
    if (!rule) return queue.shift() ?? fallback;
    return (rule.answers.length > 1 ? rule.answers.shift() : rule.answers[0]) ?? fallback;
  };

  const server = createServer(async (incoming, outgoing) => {
    const body = JSON.parse((await text(incoming)) || '{}') as ScriptedRequest['body'];
    const userText = body.messages?.findLast(({ role }) => role === 'user')?.content ?? '';
    const call = new ScriptedCall(outgoing, body);
    const { headers, socket } = incoming;
    const request: ScriptedRequest = { body, headers, clientPort: socket.remotePort, userText, ended: call.ended };
    requests.push(request);
    for (const wake of arrivals) wake();
    await choose(userText)(call, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const of = (userText: string) => requests.filter((request) => request.userText === userText);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    next: (answer) => queue.push(answer),
    when: (matches, ...answers) => rules.push({ matches, answers }),
    otherwise: (answer) => {
      fallback = answer;
    },
    received: (userText, nth = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const request = of(userText)[nth - 1];
          if (!request) return;
          arrivals.delete(look);
          resolve(request);
        };
        arrivals.add(look);
        look();
      }),
    calls: (userText) => of(userText).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
