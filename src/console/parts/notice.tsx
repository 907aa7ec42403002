import type { ComponentChildren } from 'preact';

/** Something to be told at once: `bad` for what failed, `warn` for what to mind, `good` for what was done. */
export function Notice({ kind, children }: { kind: 'bad' | 'warn' | 'good'; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

/** What stands where there is nothing yet: what would be here, and how it comes about. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}
