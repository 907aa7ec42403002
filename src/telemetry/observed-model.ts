import type { LanguageModel } from '../language-model/port.ts';
import { ModelError } from '../language-model/port.ts';
import type { Metrics } from './metrics.ts';
import type { Tracer } from './tracing.ts';

/** The same model, each of its calls with a span, which the endpoint is told of, and in the figures. */
export function observeModel(
  model: LanguageModel,
  { metrics, tracer }: { metrics: Metrics; tracer: Tracer },
): LanguageModel {
  return {
    offline: model.offline,
    defaultModel: model.defaultModel,
    async stream(request, onText, signal) {
      const begun = performance.now();
      const asked = request.model || model.defaultModel;
      const span = tracer.span(`chat ${asked}`, {
        kind: 'client',
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': asked },
      });
      let outcome = 'ok';
      try {
        const result = await model.stream({ ...request, trace: span.context }, onText, signal);
        span.set({
          'gen_ai.response.model': result.model,
          'gen_ai.usage.input_tokens': result.usage?.inputTokens,
          'gen_ai.usage.output_tokens': result.usage?.outputTokens,
        });
        return result;
      } catch (error) {
        outcome = outcomeOf(error, signal);
        span.fail(outcome);
        throw error;
      } finally {
        span.end();
        metrics.modelCallEnded({ outcome, seconds: (performance.now() - begun) / 1000 });
      }
    },
  };
}

function outcomeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'aborted';
  return error instanceof ModelError ? error.code : 'INTERNAL';
}
