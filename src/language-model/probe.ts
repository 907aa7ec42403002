import { OPENAI_URL } from './openai.ts';

/** What an endpoint says when it is asked for its models, which costs nothing. */
export type EndpointAnswer =
  | { state: 'unreachable'; reason: string }
  | { state: 'refused'; status: number }
  /** It answers, and keeps no list of its models. */
  | { state: 'unlisted'; status: number }
  | { state: 'listed'; models: string[] };

const PATIENCE_MS = 10_000;

/** Asks an OpenAI-compatible endpoint for its models with the key it will be called with. Never fails. */
export async function probeEndpoint(baseUrl: string = OPENAI_URL, apiKey: string | undefined): Promise<EndpointAnswer> {
  const headers: HeadersInit = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  try {
    const address = `${baseUrl.replace(/\/$/, '')}/models`;
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    const { status } = response;
    if (status === 401 || status === 403) return { state: 'refused', status };
    const body = response.ok
      ? ((await response.json().catch(() => null)) as { data?: { id?: string }[] } | null)
      : null;
    if (status >= 500) return { state: 'unreachable', reason: `it answers with status ${status}` };
    if (!Array.isArray(body?.data)) return { state: 'unlisted', status };
    return { state: 'listed', models: body.data.flatMap(({ id }) => (id ? [id] : [])) };
  } catch (error) {
    const { cause, message } = error as Error;
    return { state: 'unreachable', reason: cause instanceof Error ? cause.message : message };
  }
}
