import type { ComponentChildren } from 'preact';
import { Time } from '../parts/time.tsx';
import type { Said, TurnState } from './transcript.ts';
import type { Sending } from './use-sending.ts';

const WHO = { USER: 'User', ASSISTANT: 'Assistant', OPERATOR: 'Operator' };

export interface MessageProps {
  message: Said;
  state: TurnState | null;
  /** Opens what is behind a turn. */
  inspect(turnId: string): void;
}

/** One thing that was said. */
export function Message({ message: { role, text, createdAt, turn }, state, inspect }: MessageProps) {
  return (
    <Bubble by={role}>
      <p class="text">{text}</p>
      <p class="meta">
        <Time at={createdAt} />
        {role === 'ASSISTANT' && state?.status === 'CANCELLED' && <span>stopped</span>}
        {role === 'ASSISTANT' && turn && (
          <button type="button" class="link" onClick={() => inspect(turn.id)}>
            Prompt
          </button>
        )}
      </p>
    </Bubble>
  );
}

interface ReplyProps {
  turnId: string;
  state: TurnState;
  /** Whether the line to the server is there: without it, nothing is known of what is being said. */
  connected: boolean;
  /** Whether what the assistant said stands in a message of its own. */
  stored: boolean;
  inspect(turnId: string): void;
  withdraw(turnId: string): void;
}

/** What the assistant did before it spoke. */
export function Notes({ notes }: Pick<TurnState, 'notes'>) {
  return notes.map((words, place) => (
    <p key={place} class="note">
      {words}
    </p>
  ));
}

/** What a turn has to show besides its messages: a reply as it comes, or why there is none. */
export function Reply({ turnId, state, connected, stored, inspect, withdraw }: ReplyProps) {
  const { status, text, error } = state;
  return (
    <>
      {status === 'QUEUED' && (
        <p class="note">
          Waits for the reply before it.{' '}
          <button type="button" class="link" onClick={() => withdraw(turnId)}>
            Withdraw
          </button>
        </p>
      )}
      {status === 'RUNNING' && (
        <Bubble by="ASSISTANT" busy>
          <p class={`text ${connected ? 'coming' : ''}`}>{text}</p>
          {text === '' && connected && <span class="unseen">The assistant is answering.</span>}
          {!connected && <p class="meta">Interrupted here; the rest comes when the connection is back.</p>}
        </Bubble>
      )}
      {status === 'CANCELLED' && !stored && <p class="note">Stopped before anything was said.</p>}
      {status === 'FAILED' && (
        <p class="note bad">
          {stored ? 'The reply broke off' : 'There is no reply'}: {error?.message}{' '}
          <button type="button" class="link" onClick={() => inspect(turnId)}>
            Details
          </button>
        </p>
      )}
    </>
  );
}

interface UnsentProps {
  message: Sending;
  again(message: Sending): void;
  discard(id: string): void;
}

/** A message on its way, or one that could not be stored. */
export function Unsent({ message, again, discard }: UnsentProps) {
  const { clientMessageId, text, stored, error } = message;
  return (
    <Bubble by="USER" unsent>
      <p class="text">{text}</p>
      {error ? (
        <p class="meta bad" role="alert">
          Not sent: {error.message}{' '}
          <button type="button" class="link" onClick={() => again(message)}>
            Send again
          </button>{' '}
          <button type="button" class="link" onClick={() => discard(clientMessageId)}>
            Discard
          </button>
        </p>
      ) : (
        <p class="meta">{stored ? 'Sent' : 'Sending…'}</p>
      )}
    </Bubble>
  );
}

interface BubbleProps {
  by: Said['role'];
  busy?: boolean;
  unsent?: boolean;
  children: ComponentChildren;
}

function Bubble({ by, busy = false, unsent = false, children }: BubbleProps) {
  return (
    <article
      class={`said ${by.toLowerCase()} ${unsent ? 'unsent' : ''}`}
      aria-label={WHO[by]}
      aria-busy={busy}
      data-by={by}
    >
      {children}
    </article>
  );
}
