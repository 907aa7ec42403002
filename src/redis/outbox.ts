import { type BegunTurn, isFinal, type LogEvent } from '../turns/event-log.ts';
import { bare, Entry, kindOf, UNBEGUN, unbare } from './entries.ts';

/** A turn that this process runs, as far as it has told of it. */
interface ToldTurn {
  turn: BegunTurn;
  /** Bare. */
  text: string;
  length: number;
}

const MAX_BATCH = 500;
const MAX_BATCH_LENGTH = 1_000_000;
/** What an entry costs besides its text, roughly, in characters. */
const ENTRY_LENGTH = 300;

/** What this process has to tell and has not sent yet, in order; what is said in one turn meanwhile becomes one entry. */
export class Outbox {
  readonly #maxLength: number;
  #entries: Entry[] = [];
  #length = 0;
  /** The last entry of each conversation. */
  readonly #last = new Map<string, Entry>();
  readonly #told = new Map<string, ToldTurn>();

  /** Bounded by so many characters; beyond, what waits is dropped and the turns that run begin anew in their logs. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The text of a turn that this process runs, whole; null: it runs none in this conversation. */
  told(conversationId: string): { turn: BegunTurn; text: string } | null {
    const told = this.#told.get(conversationId);
    return told ? { turn: told.turn, text: unbare(told.text) } : null;
  }

  last(conversationId: string): Entry | undefined {
    return this.#last.get(conversationId);
  }

  append(conversationId: string, event: LogEvent): void {
    const kind = kindOf(event);
    const attempt = ('attempt' in event ? event.attempt : undefined) ?? (isFinal(event) ? UNBEGUN : 0);
    const turn: BegunTurn = { id: event.turnId ?? '', number: event.turnNumber, attempt };
    if (kind === 'start') this.#told.set(conversationId, { turn, text: '', length: 0 });
    const told = this.#told.get(conversationId);
    // This process may have begun the turn before, and lost it for a while. Whoever ends it ends all that is told of it.
    const ours = told?.turn.id === turn.id && (kind === 'end' || told.turn.attempt === attempt) ? told : null;
    if (kind === 'say') this.#say(conversationId, turn, event, ours);
    else this.add(new Entry(conversationId, kind, turn)).add(event, ours?.length ?? 0);
    if (kind === 'end' && ours) this.#told.delete(conversationId);
  }

  add(entry: Entry): Entry {
    if (entry.kind === 'forget') this.#told.delete(entry.conversationId);
    this.#entries.push(entry);
    this.#last.set(entry.conversationId, entry);
    this.#length += ENTRY_LENGTH;
    return entry;
  }

  /** The next entries to send, no longer in here. */
  take(): Entry[] {
    let [count, length] = [0, 0];
    while (count < Math.min(this.#entries.length, MAX_BATCH) && length < MAX_BATCH_LENGTH) {
      length += (this.#entries[count] as Entry).text.length;
      count += 1;
    }
    const taken = this.#entries.splice(0, count);
    for (const entry of taken) {
      const { conversationId, kind, turn } = entry;
      const told = this.#told.get(conversationId);
      if (kind === 'reset' && told?.turn.id === turn.id) entry.text = told.text;
      if (this.#last.get(conversationId) === entry) this.#last.delete(conversationId);
    }
    this.#length = this.#entries.length === 0 ? 0 : this.#length - length - taken.length * ENTRY_LENGTH;
    return taken;
  }

  /** The log does not know the turn of this entry any more: it begins anew, with the text so far. */
  beginAnew(lost: Entry): void {
    const { conversationId, turn, kind } = lost;
    const isCovered = (entry: Entry) =>
      entry.conversationId === conversationId && entry.kind === 'say' && entry.turn.id === turn.id;
    const { covered = [], kept = [] } = Object.groupBy(this.#entries, (entry) =>
      isCovered(entry) ? 'covered' : 'kept',
    );
    for (const entry of covered) entry.settle(null);
    this.#entries = kept;
    let at = this.#entries.findIndex((entry) => entry.conversationId === conversationId && entry.kind === 'reset');
    if (at === -1) {
      at = 0;
      this.#entries.unshift(new Entry(conversationId, 'reset', { ...turn, attempt: Math.max(turn.attempt, 0) }));
    }
    if (kind === 'end') this.#entries.splice(at + 1, 0, lost);
    else lost.settle(null);
    this.#findLast(conversationId);
  }

  /** Another process has gone on with the turn: nothing more is told of it. */
  drop({ conversationId, turn: { id, attempt } }: Entry): void {
    const told = this.#told.get(conversationId);
    if (told?.turn.id === id && told.turn.attempt === attempt) this.#told.delete(conversationId);
  }

  /** Nobody gets what waits before long. */
  settleAll(): void {
    for (const entry of this.#entries) entry.settle(null);
  }

  #say(conversationId: string, turn: BegunTurn, event: LogEvent, ours: ToldTurn | null): void {
    const text = event.type === 'TurnTokens' ? bare(event.text) : null;
    if (text !== null && ours && event.type === 'TurnTokens') {
      ours.text += text;
      ours.length += event.text.length;
      this.#length += text.length;
      if (this.#length > this.#maxLength) this.#shrink();
    }
    const last = this.#last.get(conversationId);
    // It will bear the whole text.
    if (last?.kind === 'reset') return;
    const entry =
      last?.kind === 'say' && last.turn.id === turn.id ? last : this.add(new Entry(conversationId, 'say', turn));
    if (text === null) entry.add(event, ours?.length ?? 0);
    else entry.addText(text, ours?.length ?? 0);
  }

  /** Keeps how turns ended, and lets those that run begin anew. */
  #shrink(): void {
    const kept = this.#entries.filter(({ kind }) => kind === 'end' || kind === 'forget' || kind === 'take');
    const dropped = this.#entries.filter(({ kind }) => kind === 'say' || kind === 'start' || kind === 'reset');
    this.settleAll();
    this.#last.clear();
    const resets = new Map(dropped.map((entry) => [entry.conversationId, entry]));
    this.#entries = [];
    this.#length = 0;
    for (const [conversationId, { turn }] of resets) this.add(new Entry(conversationId, 'reset', turn));
    for (const entry of kept) this.add(entry);
  }

  #findLast(conversationId: string): void {
    const last = this.#entries.findLast((entry) => entry.conversationId === conversationId);
    if (last) this.#last.set(conversationId, last);
    else this.#last.delete(conversationId);
  }
}
