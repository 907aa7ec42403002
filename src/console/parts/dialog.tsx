import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useAction } from '../api/use-query.ts';
import { Notice } from './notice.tsx';

export interface DialogProps {
  title: string;
  /** At the side of the page, over its whole height. */
  sheet?: boolean;
  close(): void;
  children: ComponentChildren;
}

/** A modal dialog, open while it is rendered. The browser keeps the focus in it, closes it on Escape and gives the focus back. */
export function Dialog({ title, sheet = false, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const gone = useRef(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // What is to be filled in, rather than the button that closes it.
    element?.querySelector<HTMLElement>('form :is(input, select, textarea)')?.focus();
    return () => {
      // Closing gives the focus back; whoever took the dialog away knows already.
      gone.current = true;
      element?.close();
    };
  }, []);
  const closed = () => {
    if (!gone.current) close();
  };
  const closeOutside = (event: MouseEvent) => {
    if (sheet && event.target === dialog.current) close();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog ref={dialog} class={sheet ? 'sheet' : ''} aria-labelledby={id} onClose={closed} onClick={closeOutside}>
      <div class="dialog-body">
        <header class="panel-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="plain" aria-label="Close" onClick={close}>
            <span aria-hidden="true">✕</span>
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  title: string;
  /** What its button says: what will be done. */
  confirm: string;
  act(): Promise<unknown>;
  close(): void;
  children: ComponentChildren;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, confirm, act, close, children }: ConfirmProps) {
  const { run, pending, error } = useAction(act);
  return (
    <Dialog title={title} close={close}>
      <p>{children}</p>
      {error && <Notice kind="bad">{error.message}</Notice>}
      <div class="buttons">
        <button type="button" class="danger" disabled={pending} onClick={async () => (await run()) && close()}>
          {confirm}
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
