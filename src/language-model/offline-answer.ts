import type { OfflineAnswer, WireMessage, WireRequest, WireToolCall } from './offline-wire.ts';

/** What the server tells a model about the person it talks to; any part may be missing. */
interface Known {
  identity?: { name?: string | null; external_id?: string | null; stage?: string | null; stage_name?: string | null };
  memory?: Record<string, unknown>;
}

const DATA_START = '<milepost_data>';
const DATA_END = '</milepost_data>';
const TRANSCRIPT_START = '<milepost_transcript>';
const TRANSCRIPT_END = '</milepost_transcript>';
const MOST_MEMORIES = 20;
const LONGEST_ECHO = 2000;
const HELP =
  'I am the offline model: I say what I know and repeat what I hear. ' +
  'Try “remember preferences.language = pt-BR”, “forget preferences.language” or “move me to” and the key of a stage. ' +
  'To connect a real model, set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint of your own, and restart.';

/** What the offline model says or calls. */
export function answerOffline(request: WireRequest): OfflineAnswer {
  const results = trailingResults(request.messages);
  if (results.length > 0) return { text: results.join(' '), toolCalls: [] };
  const said = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
  if (said.startsWith(TRANSCRIPT_START)) return { text: condense(said), toolCalls: [] };
  const offered = new Set(request.tools?.map((tool) => tool.function.name));
  const call = requestedCall(said);
  if (call && offered.has(call.name)) {
    const id = `call_offline_${request.messages.length}`;
    const { name, input } = call;
    return { text: '', toolCalls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(input) } }] };
  }
  return { text: describe(knownOf(request.messages), said), toolCalls: [] };
}

/** The beginnings of what the user said, behind the earlier summary. */
function condense(said: string): string {
  const transcript = toObject(said.slice(TRANSCRIPT_START.length, said.lastIndexOf(TRANSCRIPT_END)));
  const { summary, messages } = transcript as { summary?: string | null; messages?: { role: string; text: string }[] };
  const beginnings = (messages ?? []).filter(({ role }) => role === 'user').map(({ text }) => `“${text.slice(0, 60)}”`);
  return [summary, `They said: ${beginnings.join(', ')}.`].filter(Boolean).join(' ').slice(-LONGEST_ECHO);
}

/** The call a message asks for in so many words. */
function requestedCall(said: string): { name: string; input: Record<string, unknown> } | undefined {
  const remember = /\bremember\s+([\w.-]+)\s*=\s*(\S.*)$/is.exec(said);
  if (remember?.[1] && remember[2])
    return { name: 'remember', input: { key: remember[1], value: toValue(remember[2].trim()) } };
  const forget = /\bforget\s+([\w.-]*\w)/i.exec(said);
  if (forget?.[1]) return { name: 'forget', input: { key: forget[1] } };
  const stage = /\bmove me to\s+(?:the stage\s+)?["“]?([\w-]+)/i.exec(said);
  return stage?.[1] ? { name: 'move_to_stage', input: { stage: stage[1] } } : undefined;
}

function toValue(words: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    return words;
  }
}

/** One sentence for each tool result the conversation ends with. */
function trailingResults(messages: WireMessage[]): string[] {
  const start = messages.findLastIndex(({ role }) => role !== 'tool') + 1;
  const calls = messages[start - 1]?.tool_calls ?? [];
  return messages.slice(start).map(({ tool_call_id, content }) => {
    const call = calls.find(({ id }) => id === tool_call_id);
    return report(call, content ?? '');
  });
}

function report(call: WireToolCall | undefined, result: string): string {
  const failure = failureOf(result);
  if (failure) return `That did not work: ${failure}`;
  const { key, value, stage } = toObject(call?.function.arguments ?? '');
  if (call?.function.name === 'remember') return `I will remember ${key} = ${JSON.stringify(value)}.`;
  if (call?.function.name === 'forget') return `I have forgotten ${key}.`;
  if (call?.function.name === 'move_to_stage') return `You are now in the stage "${stage}".`;
  return `Done: ${result}`;
}

function failureOf(result: string): string | undefined {
  const { error } = toObject(result);
  if (typeof error === 'string') return error;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return /^error\b/i.test(result) ? result : undefined;
}

/** The data block of the system messages; empty when there is none that can be read. */
function knownOf(messages: WireMessage[]): Known {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content ?? '');
  const text = system.join('\n');
  const start = text.lastIndexOf(DATA_START);
  const end = text.indexOf(DATA_END, start);
  return start < 0 || end < 0 ? {} : toObject(text.slice(start + DATA_START.length, end));
}

function toObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function describe({ identity, memory }: Known, said: string): string {
  const name = identity?.name || identity?.external_id;
  const echo = said.length > LONGEST_ECHO ? `${said.slice(0, LONGEST_ECHO)}…` : said;
  const sentences = [
    name ? `Hello ${name}!` : 'Hello!',
    aboutStage(identity),
    aboutMemory(memory ?? {}),
    `You said: “${echo}”`,
  ];
  if (/\bhelp\b/i.test(said)) sentences.push(HELP);
  return sentences.join(' ');
}

function aboutStage(identity: Known['identity']): string {
  if (!identity?.stage) return 'You are in no stage yet.';
  const { stage, stage_name } = identity;
  const named = stage_name && stage_name.toLowerCase() !== stage.toLowerCase() ? ` (${stage_name})` : '';
  return `You are in the stage "${stage}"${named}.`;
}

function aboutMemory(memory: Record<string, unknown>): string {
  const entries = Object.entries(memory);
  if (entries.length === 0) return 'I remember nothing about you yet.';
  const shown = entries.slice(0, MOST_MEMORIES).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const hidden = entries.length - shown.length;
  return `I remember ${shown.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''}.`;
}
