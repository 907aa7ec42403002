import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface ComposerProps {
  /** As whom one writes. */
  name: string;
  /** Why nothing can be said here; undefined when something can. */
  closed?: string | undefined;
  /** Whether one has just begun to write, on the page before. */
  begun?: boolean;
  send(text: string): void;
  /** Stops what is being answered; undefined while nothing is. */
  stop?: (() => void) | undefined;
}

/** Where one writes as the identity. Enter sends, Shift+Enter begins a new line. */
export function Composer({ name, closed, begun = false, send, stop }: ComposerProps) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  // As high as what is written in it, up to the limit of the style sheet.
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
  });
  useEffect(() => {
    if (begun) field.current?.focus();
  }, [begun]);
  const submit = () => {
    if (text.trim() === '' || closed) return;
    send(text);
    setText('');
    field.current?.focus();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {closed && <p class="hint">{closed}</p>}
      <label class="grow">
        <span class="unseen">Message as {name}</span>
        <textarea
          ref={field}
          rows={1}
          placeholder={`Write as ${name}`}
          maxLength={100_000}
          value={text}
          disabled={closed !== undefined}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={press}
        />
      </label>
      {stop && (
        <button
          type="button"
          class="stop"
          onClick={() => {
            stop();
            // The button goes away; the focus must not go with it.
            field.current?.focus();
          }}
        >
          Stop
        </button>
      )}
      <button type="submit" class="primary" disabled={closed !== undefined || text.trim() === ''}>
        Send
      </button>
    </form>
  );
}
