import { signal } from '@preact/signals';

/** Instructions that were changed but not saved, by the id of their assistant: going to another page does not lose them. */
export const drafts = signal<Readonly<Record<string, string>>>({});

/** Keeps a draft; one that is the same as what is saved is none. */
export function keepDraft(assistantId: string, text: string, saved: string): void {
  const { [assistantId]: _before, ...others } = drafts.value;
  drafts.value = text === saved ? others : { ...others, [assistantId]: text };
}

addEventListener('beforeunload', (event) => {
  if (Object.keys(drafts.peek()).length > 0) event.preventDefault();
});
