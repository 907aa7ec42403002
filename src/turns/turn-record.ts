import type { Services } from '../context.ts';
import { inScope, type Scope } from '../telemetry/scope.ts';
import type { Span } from '../telemetry/tracing.ts';
import type { ClaimedTurn, TurnEnd } from './storage.ts';

type RecordServices = Pick<Services, 'log' | 'telemetry'>;

/** What operators learn of a turn that runs: its part of the trace, and at its end a line in the log and the figures. */
export class TurnRecord {
  /** What everything that is done for the turn is part of. */
  readonly scope: Scope;
  readonly #services: RecordServices;
  readonly #turn: ClaimedTurn;
  readonly #span: Span;
  readonly #begun = performance.now();

  /** `origin` is the request its message came with; empty when another process took that. */
  constructor(services: RecordServices, turn: ClaimedTurn, origin: Scope) {
    this.#services = services;
    this.#turn = turn;
    this.#span = inScope(origin, () => services.telemetry.tracer.span('turn'));
    this.scope = { requestId: origin.requestId, turnId: turn.id, trace: this.#span.context };
  }

  /** The turn has ended, and that is stored; null: it is another process's by now, or deleted. `firstTextAt` is a `performance.now()`. */
  end(end: TurnEnd | null, firstTextAt: number | null): void {
    const { log, telemetry } = this.#services;
    const { id, workspaceId, conversationId, attempt } = this.#turn;
    const ms = performance.now() - this.#begun;
    const firstTextMs = firstTextAt && firstTextAt - this.#begun;
    const outcome = end ? OUTCOMES[end.status] : 'lost';
    const { inputTokens = 0, outputTokens = 0 } = end?.usage ?? {};
    const code = end?.errorCode ?? null;
    this.#span.set({
      'milepost.turn.id': id,
      'milepost.turn.outcome': outcome,
      'gen_ai.usage.input_tokens': inputTokens,
      'gen_ai.usage.output_tokens': outputTokens,
    });
    if (code) this.#span.fail(code);
    this.#span.end();
    if (outcome !== 'lost') {
      const seconds = ms / 1000;
      const firstTextSeconds = firstTextMs && firstTextMs / 1000;
      telemetry.metrics.turnEnded({ outcome, code, inputTokens, outputTokens, firstTextSeconds, seconds });
    }
    log.info(
      {
        ...{ workspaceId, conversationId, outcome, code: code ?? undefined, inputTokens, outputTokens },
        ...{ exact: end?.usage?.exact, firstTextMs: firstTextMs && Math.round(firstTextMs), ms: Math.round(ms) },
        attempt: attempt > 1 ? attempt : undefined,
      },
      'Turn',
    );
  }
}

/** A turn was ended in place of the process that ran it: how long it had run, nobody knows. */
export function recordTakenOver({ log, telemetry }: RecordServices, turn: ClaimedTurn, end: TurnEnd): void {
  const { id: turnId, workspaceId, conversationId } = turn;
  const outcome = OUTCOMES[end.status];
  const unknown = { inputTokens: 0, outputTokens: 0, firstTextSeconds: null, seconds: null };
  telemetry.metrics.turnEnded({ outcome, code: end.errorCode, ...unknown });
  log.warn({ turnId, workspaceId, conversationId, outcome, code: end.errorCode }, 'Turn of a process that is gone');
}

const OUTCOMES = { COMPLETED: 'completed', CANCELLED: 'cancelled', FAILED: 'failed' } as const;
