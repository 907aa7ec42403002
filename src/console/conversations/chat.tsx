import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { connection } from '../api/live.ts';
import { Empty } from '../parts/notice.tsx';
import { Message, Notes, Reply, Unsent } from './message.tsx';
import { type Said, stateOf, type Transcript, type TurnState } from './transcript.ts';
import type { Sending } from './use-sending.ts';

/** Whoever is so near to the end is kept there, in pixels. */
const NEAR = 80;

export interface ChatProps {
  transcript: Transcript;
  unsent: readonly Sending[];
  hasEarlier: boolean;
  readEarlier(): void;
  inspect(turnId: string): void;
  withdraw(turnId: string): void;
  again(message: Sending): void;
  discard(id: string): void;
}

/** What was said, is being said, and waits to be said. */
export function Chat({ transcript, unsent, hasEarlier, readEarlier, inspect, withdraw, again, discard }: ChatProps) {
  const { messages, turns } = transcript;
  const { log, atEnd, toEnd, scrolled } = useScroll(messages[0]?.id);
  const connected = connection.value !== 'lost';
  const lastOf = new Map(messages.map((message) => [message.turn?.id, message.id]));
  // Turns whose messages are further up than what was read.
  const orphans = Object.entries(turns).filter(([id]) => !lastOf.has(id));
  const replied = new Set(messages.filter(({ role }) => role === 'ASSISTANT').map(({ turn }) => turn?.id));
  const replyTo = (turnId: string, state: TurnState) => (
    <Reply key={turnId} {...{ turnId, state, connected, inspect, withdraw, stored: replied.has(turnId) }} />
  );
  return (
    <div class="chat">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <div class="log" role="log" aria-label="Conversation" tabIndex={0} ref={log} onScroll={scrolled}>
        {hasEarlier && (
          <p class="more">
            <button type="button" onClick={readEarlier}>
              Show earlier
            </button>
          </p>
        )}
        {messages.length + unsent.length === 0 && (
          <Empty title="Nothing was said yet.">Say something as this identity.</Empty>
        )}
        {messages.map((message, place) => {
          const { id, turn } = message;
          const state = turn && stateOf(transcript, turn);
          return (
            <div key={id}>
              <StageMark before={messages[place - 1]} message={message} />
              <Message {...{ message, state, inspect }} />
              {state && message.role === 'USER' && <Notes notes={state.notes} />}
              {turn && state && lastOf.get(turn.id) === id && replyTo(turn.id, state)}
            </div>
          );
        })}
        {orphans.map(([id, state]) => replyTo(id, state))}
        {unsent.map((message) => (
          <Unsent key={message.clientMessageId} {...{ message, again, discard }} />
        ))}
      </div>
      {!atEnd && (
        <button type="button" class="to-end small" onClick={toEnd}>
          To the end <span aria-hidden="true">↓</span>
        </button>
      )}
    </div>
  );
}

/** Says when the identity was in another stage than in the message before. */
function StageMark({ before, message }: { before: Said | undefined; message: Said }) {
  if (before?.stage?.key === message.stage?.key) return null;
  return <p class="stage-mark">{message.stage ? `In ${message.stage.name}` : 'In no stage'}</p>;
}

/** Keeps whoever reads the end at the end, and everybody else where they are, also when earlier messages come in front. */
function useScroll(first: string | undefined) {
  const log = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const height = useRef({ first, value: 0 });
  useLayoutEffect(() => {
    const element = log.current;
    if (!element) return;
    const grown = height.current.first !== first && height.current.first !== undefined;
    if (grown) element.scrollTop += element.scrollHeight - height.current.value;
    else if (atEnd) element.scrollTop = element.scrollHeight;
    height.current = { first, value: element.scrollHeight };
  });
  const toEnd = () => log.current?.scrollTo({ top: log.current.scrollHeight });
  const scrolled = () => {
    const element = log.current;
    if (element) setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR);
  };
  return { log, atEnd, toEnd, scrolled };
}
