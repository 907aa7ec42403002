/** How many colours there are for the dots of stages; see `parts.css`. */
const HUES = 8;

/** A stage by its name. The colour of the dot follows from the key, so that a stage has the same everywhere. */
export function StagePill({ stage }: { stage: { key: string; name: string } | null | undefined }) {
  if (!stage) return <span class="pill none">no stage</span>;
  return (
    <span class="pill" title={stage.key}>
      <span class={`dot hue-${hueOf(stage.key)}`} aria-hidden="true" />
      {stage.name}
    </span>
  );
}

export function hueOf(key: string): number {
  let sum = 0;
  for (const letter of key) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}
