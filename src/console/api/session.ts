import { signal } from '@preact/signals';

const STORED_AS = 'milepost.api-key';

/** The API key of whoever is signed in. It lives as long as the tab, and is stored nowhere else. */
export const apiKey = signal<string | null>(sessionStorage.getItem(STORED_AS));

/** Why the last one was signed out; null when they left by themselves. */
export const refusal = signal<string | null>(null);

export function signIn(key: string): void {
  sessionStorage.setItem(STORED_AS, key);
  refusal.value = null;
  apiKey.value = key;
}

export function signOut(reason: string | null = null): void {
  sessionStorage.removeItem(STORED_AS);
  refusal.value = reason;
  apiKey.value = null;
}
