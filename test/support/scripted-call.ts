import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** A chat-completions request as it came over the wire. */
export interface ScriptedRequest {
  /** The parsed body, as sent. */
  body: {
    model?: string;
    messages: { role: string; content: string | null; tool_calls?: WireToolCall[]; tool_call_id?: string }[];
    tools?: { type: 'function'; function: { name: string; description?: string; parameters?: unknown } }[];
    stream?: boolean;
    stream_options?: { include_usage?: boolean };
  };
  headers: IncomingHttpHeaders;
  /** The client's port: the same for requests that share a connection. */
  clientPort: number | undefined;
  /** What the user said last. */
  userText: string;
  /** How the exchange ended: wholly answered, left by the client, or cut by the script. */
  ended: Promise<'answered' | 'left' | 'cut'>;
}

interface WireToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** One request being answered: writes the wire format, piece by piece. */
export class ScriptedCall {
  /** How it ended: wholly answered, left by the client, or cut by `cut`. */
  readonly ended: Promise<'answered' | 'left' | 'cut'>;
  readonly #response: ServerResponse;
  readonly #model: string;
  #cut = false;

  constructor(response: ServerResponse, body: { model?: string }) {
    this.#response = response;
    this.#model = body.model ?? 'scripted';
    this.ended = new Promise((resolve) => {
      response.once('close', () => {
        if (this.#cut) resolve('cut');
        else resolve(response.writableFinished ? 'answered' : 'left');
      });
    });
    // Writing to a client that has left is part of the game.
    response.on('error', () => {});
  }

  /** Sends the status and headers now. */
  head(status: number, headers: OutgoingHttpHeaders): void {
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  /** Sends the head of an event stream, once. */
  openStream(): void {
    if (!this.#response.headersSent) this.head(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  }

  /** Writes bytes as they are and waits until they are on their way. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#response.write(bytes, () => resolve());
      this.ended.then(() => resolve());
    });
  }

  /** Writes one data event. */
  event(data: unknown): Promise<void> {
    return this.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }

  /** Writes one chunk of the answer. */
  chunk(delta: object, finishReason: string | null = null): Promise<void> {
    return this.event({
      ...this.#envelope(),
      choices: [{ index: 0, delta, finish_reason: finishReason }],
      usage: null,
    });
  }

  /** Writes the last chunk, which has only the usage. */
  usage(inputTokens: number, outputTokens: number): Promise<void> {
    const usage = {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    };
    return this.event({ ...this.#envelope(), choices: [], usage });
  }

  end(bytes?: string): void {
    this.#response.end(bytes);
  }

  /** Breaks the connection. */
  cut(): void {
    this.#cut = true;
    this.#response.destroy();
  }

  #envelope(): object {
    return { id: 'chatcmpl-scripted', object: 'chat.completion.chunk', created: 1_760_000_000, model: this.#model };
  }
}
