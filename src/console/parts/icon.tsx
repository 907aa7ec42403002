const DRAWINGS = {
  mark: 'M11 1h2v22h-2zM3 3.5h14.5L22 7l-4.5 3.5H3zM21 12.5H6.5L2 16l4.5 3.5H21z',
  journey: 'M3 18c4 0 4-12 9-12s5 12 9 12M3 18h.01M12 6h.01M21 18h.01',
  identities: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5c.8-3.6 4-5.5 8-5.5s7.2 1.9 8 5.5',
  conversations: 'M4 5h16v11H10l-4.5 4v-4H4zM8 9.2h8M8 12.2h5',
  assistants: 'M5 4h10l4 4v12H5zM9 11h6M9 14h6M9 17h3M14.5 4v4.5H19',
  'set-up': 'M4 7h9M17 7h3M4 12h3M11 12h9M4 17h9M17 17h3M15 5v4M9 10v4M15 15v4',
} as const;

export type Drawing = keyof typeof DRAWINGS;

/** A drawing beside a word; it says nothing by itself. */
export function Icon({ name }: { name: Drawing }) {
  return (
    <svg class={`icon ${name === 'mark' ? 'solid' : ''}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
