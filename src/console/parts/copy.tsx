import { useState } from 'preact/hooks';

/** A button that copies a text, and says that it did. */
export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async () => {
    // Missing on pages that are neither local nor served by https.
    const done = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
      () => true,
      () => false,
    );
    setCopied(done);
    setTimeout(() => setCopied(null), 2500);
  };
  return (
    <button type="button" class="small" onClick={copy}>
      <span aria-live="polite">{copied === null ? label : copied ? 'Copied' : 'Copy it by hand'}</span>
    </button>
  );
}
