import type { Pages } from '../api/use-pages.ts';

/** The button under a list that goes on. */
export function More({ pages }: { pages: Pages<unknown> }) {
  if (!pages.hasMore) return null;
  return (
    <p class="more">
      <button type="button" disabled={pages.loading} onClick={pages.more}>
        Show more
      </button>
    </p>
  );
}
