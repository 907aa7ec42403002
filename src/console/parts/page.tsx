import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface PageProps {
  title: string;
  /** What stands in the window's title, where that is shorter or longer. */
  name?: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  back?: { href: string; to: string };
  children: ComponentChildren;
}

let arrived = false;

/** A page with its heading. Coming from another page moves the focus to the heading, so that a screen reader says where one is. */
export function Page({ title, name = title, lead, actions, back, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Unless something on the page has taken it already.
    if (arrived && !document.getElementById('main')?.contains(document.activeElement)) heading.current?.focus();
    arrived = true;
    scrollTo(0, 0);
  }, []);
  useEffect(() => {
    document.title = `${name} · Milepost`;
  }, [name]);
  return (
    <>
      <header class="page-head">
        <div>
          {back && (
            <a class="back" href={back.href}>
              <span aria-hidden="true">←</span> {back.to}
            </a>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

/** A part of a page under its own heading. */
export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{title}</h2>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}
