import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { followOn } from '../api/live.ts';
import { type RequestError, request } from '../api/request.ts';
import { asRequestError } from '../api/use-query.ts';
import { EVENTS, HISTORY } from './documents.ts';
import { type ConversationEvent, EMPTY, prepend, type Said, type Transcript, tell } from './transcript.ts';

const cursorOf = ({ conversationEvents }: { conversationEvents: ConversationEvent }) => conversationEvents.cursor;

type Step = { told: ConversationEvent } | { read: readonly Said[]; afresh: boolean };

export interface LiveTranscript {
  transcript: Transcript;
  /** Whether its history has been read. */
  loaded: boolean;
  error: RequestError | undefined;
  /** Begins again. */
  reload(): void;
  hasEarlier: boolean;
  readEarlier(): void;
}

/**
 * A conversation with everything that happens in it, over any number of breaks and reloads: its history is read, then its
 * events are followed from a snapshot on, and after a break from the last cursor that was seen.
 */
export function useTranscript(id: string, onEvent: (event: ConversationEvent) => void): LiveTranscript {
  const [transcript, step] = useReducer(take, EMPTY);
  const [page, setPage] = useState<{ earlier: boolean; start: string | null } | null>(null);
  const [error, setError] = useState<RequestError>();
  const [round, setRound] = useState(0);
  const reload = () => setRound((last) => last + 1);
  const heard = useRef(onEvent);
  heard.current = onEvent;

  const read = async (before: string | null, leaving?: AbortSignal) => {
    const { conversation } = await request(HISTORY, { id, before }, leaving);
    const { edges = [], pageInfo } = conversation?.messages ?? {};
    step({ read: edges.map(({ node }) => node), afresh: before === null });
    setPage({ earlier: pageInfo?.hasPreviousPage ?? false, start: pageInfo?.startCursor ?? null });
    setError(undefined);
  };
  const fail = (reason: unknown) => setError(asRequestError(reason));

  useEffect(() => {
    const leaving = new AbortController();
    let leave = () => {};
    // The snapshot comes second, so that it is never older than the history it is put together with.
    const begin = () => {
      if (leaving.signal.aborted) return;
      leave = followOn(EVENTS, { id }, cursorOf, {
        next({ conversationEvents: event }) {
          step({ told: event });
          heard.current(event);
        },
        failed: setError,
      });
    };
    read(null, leaving.signal).then(begin, (reason) => leaving.signal.aborted || fail(reason));
    return () => {
      leaving.abort();
      leave();
    };
  }, [id, round]);
  useEffect(() => {
    if (transcript.torn) reload();
  }, [transcript.torn]);

  return {
    transcript,
    loaded: page !== null,
    error,
    reload,
    hasEarlier: page?.earlier ?? false,
    readEarlier: () => void read(page?.start ?? null).catch(fail),
  };
}

function take(transcript: Transcript, step: Step): Transcript {
  if ('told' in step) return tell(transcript, step.told);
  return prepend(step.afresh ? EMPTY : transcript, step.read);
}
