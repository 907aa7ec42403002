import { signal } from '@preact/signals';

const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 15_000);

const UNITS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/** How long ago something was; the exact time on hovering. */
export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={exact.format(date)}>
      {toWords((date.getTime() - now.value) / 1000)}
    </time>
  );
}

function toWords(seconds: number): string {
  const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  if (!unit) return Math.abs(seconds) < 45 ? 'just now' : relative.format(Math.sign(seconds), 'minute');
  return relative.format(Math.round(seconds / unit[1]), unit[0]);
}

const LENGTHS: [name: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** A span of time in its largest fitting unit, such as `2.1 d`. */
export function span(seconds: number): string {
  const [name, length] = LENGTHS.find(([, unit]) => seconds >= unit) ?? ['s', 1];
  const value = seconds / length;
  return `${value < 10 && name !== 's' ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${name}`;
}

/** Milliseconds between two times, for people: `840 ms`, `2.3 s`. */
export function between(from: string, to: string): string {
  const ms = new Date(to).getTime() - new Date(from).getTime();
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}
