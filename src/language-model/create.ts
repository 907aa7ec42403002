import { createNodeFetch } from './node-fetch.ts';
import { createOfflineFetch } from './offline.ts';
import { OFFLINE_MODEL } from './offline-wire.ts';
import { createOpenAiModel } from './openai.ts';
import type { LanguageModel } from './port.ts';

/** What OpenAI answers with when no model is configured: small, quick and able to call tools. */
export const DEFAULT_MODEL = 'gpt-5.4-mini';

/** Which endpoint answers; with neither key nor address, the offline model. */
export interface LanguageModelConfig {
  apiKey?: string | undefined;
  baseUrl?: string | undefined;
  model?: string | undefined;
  offlineTokenDelayMs: number;
  firstTokenTimeoutMs?: number;
  idleTimeoutMs?: number;
}

/** The language model a configuration asks for. */
export function createLanguageModel(config: LanguageModelConfig): LanguageModel {
  const { apiKey, baseUrl, model, firstTokenTimeoutMs, idleTimeoutMs } = config;
  const timeouts = { ...(firstTokenTimeoutMs && { firstTokenTimeoutMs }), ...(idleTimeoutMs && { idleTimeoutMs }) };
  if (apiKey || baseUrl) {
    return createOpenAiModel({
      apiKey,
      baseUrl,
      defaultModel: model ?? DEFAULT_MODEL,
      fetch: createNodeFetch(),
      ...timeouts,
    });
  }
  const fetch = createOfflineFetch({ tokenDelayMs: config.offlineTokenDelayMs });
  return createOpenAiModel({ defaultModel: OFFLINE_MODEL, fetch, offline: true, ...timeouts });
}
