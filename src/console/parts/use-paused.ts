import { useEffect, useState } from 'preact/hooks';

const PAUSE_MS = 200;

/** The value once it has stayed the same for a moment: what somebody has written, when they pause. */
export function usePaused<Value>(value: Value): Value {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return paused;
}
