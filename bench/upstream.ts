// An OpenAI-compatible endpoint that costs as little as possible: every chunk is rendered beforehand.
import { createServer, type ServerResponse } from 'node:http';
import { type AnswerKind, parseModelName } from './answer-kind.ts';
import { serveAsChild } from './child.ts';

const WORDS = 'the journey goes on and so does this answer which says nothing but takes its time to do so'.split(' ');
/** How many different stretches of words there are to begin with. */
const RUN = WORDS.length;

const ENVELOPE = {
  id: 'chatcmpl-BeNcHmArKaNsWeR0123456789abcd',
  object: 'chat.completion.chunk',
  created: 1_760_000_000,
  model: 'bench',
  service_tier: 'default',
  system_fingerprint: 'fp_0123456789',
};

function chunk(delta: object, finishReason: string | null = null): string {
  return event({
    ...ENVELOPE,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    usage: null,
  });
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

const OPENING = chunk({ role: 'assistant', content: '', refusal: null });
// Each token begins with the only space it has, so that whoever counts spaces counts tokens.
const TOKENS = WORDS.map((word) => chunk({ content: ` ${word}` }));

/** The bytes of `count` tokens from the nth on. */
function tokensFrom(start: number, count: number): string {
  let text = '';
  for (let index = start; index < start + count; index += 1) text += TOKENS[index % RUN];
  return text;
}

/** The writes of an answer; made once for each kind. */
function render({ tokens, tokensPerWrite }: AnswerKind): Buffer[] {
  const writes: Buffer[] = [];
  for (let sent = 0; sent < tokens; sent += tokensPerWrite) {
    const text = tokensFrom(sent, Math.min(tokensPerWrite, tokens - sent));
    writes.push(Buffer.from(sent === 0 ? OPENING + text : text));
  }
  const usage = { prompt_tokens: 100, completion_tokens: tokens, total_tokens: 100 + tokens };
  const end = `${chunk({}, 'stop')}${event({ ...ENVELOPE, choices: [], usage })}data: [DONE]\n\n`;
  // The end comes along with the last tokens: it is no token, and nobody should wait for it.
  return writes.with(-1, Buffer.concat([writes.at(-1) as Buffer, Buffer.from(end)]));
}

const rendered = new Map<string, { kind: AnswerKind; writes: Buffer[] }>();

function answerOf(model: string): { kind: AnswerKind; writes: Buffer[] } {
  let answer = rendered.get(model);
  if (!answer) {
    const kind = parseModelName(model);
    answer = { kind, writes: render(kind) };
    rendered.set(model, answer);
  }
  return answer;
}

/** One write a turn of the event loop, so that simultaneous answers take turns. */
function stream(response: ServerResponse, writes: Buffer[], delayMs: number): void {
  let next = 0;
  const again = (step: () => void) => (delayMs === 0 ? setImmediate(step) : setTimeout(step, delayMs));
  const step = () => {
    if (response.destroyed) return;
    const bytes = writes[next] as Buffer;
    next += 1;
    if (next === writes.length) response.end(bytes);
    else if (response.write(bytes)) again(step);
    else response.once('drain', step);
  };
  again(step);
}

serveAsChild(
  createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { kind, writes } = answerOf(/"model":"([^"]*)"/.exec(body)?.[1] ?? '');
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-request-id': 'req_bench' });
      stream(response, writes, kind.delayMs);
    });
  }),
);
