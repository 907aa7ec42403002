import { addAbortSignal, Readable } from 'node:stream';
import { NodeResponse } from './node-fetch.ts';
import { answerOffline } from './offline-answer.ts';
import { completionBody, completionChunks, type WireRequest } from './offline-wire.ts';

/** How the offline model answers. */
export interface OfflineOptions {
  /** The pause before each token, in milliseconds; 0: none. */
  tokenDelayMs: number;
}

/**
 * A `fetch` without a network that answers chat-completions requests in their own wire format, the same request always alike.
 * Any address will do; an aborted signal ends the stream and its timer.
 */
export function createOfflineFetch({ tokenDelayMs }: OfflineOptions): typeof globalThis.fetch {
  return async (_input, init = {}) => {
    init.signal?.throwIfAborted();
    const request = JSON.parse(String(init.body)) as WireRequest;
    const answer = answerOffline(request);
    if (!request.stream) return Response.json(completionBody(request, answer));
    const stream = paced(completionChunks(request, answer), tokenDelayMs);
    if (init.signal) addAbortSignal(init.signal, stream);
    return new NodeResponse(stream, { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
  };
}

/** The chunks as a stream, with a pause before each. */
function paced(chunks: string[], delayMs: number): Readable {
  const left = chunks.values();
  let timer: NodeJS.Timeout | undefined;
  return new Readable({
    read() {
      const pushNext = () => this.push(left.next().value ?? null);
      if (delayMs === 0) pushNext();
      else timer = setTimeout(pushNext, delayMs);
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
}
