import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isMistyped, newApiKeySecret } from '../../src/workspaces/api-keys.ts';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

it('are never the same, and right as they are made', () => {
  const secrets = Array.from({ length: 1000 }, newApiKeySecret);
  expect(new Set(secrets).size).toBe(1000);
  expect(secrets.filter((secret) => !/^mp_[0-9A-Za-z]{49}$/.test(secret) || isMistyped(secret))).toEqual([]);
});

it('are told from mistyped ones: another letter anywhere, or two that changed places', () => {
  const secret = newApiKeySecret();
  const place = fc.integer({ min: 3, max: secret.length - 1 });
  const letter = fc.constantFrom(...LETTERS);
  fc.assert(
    fc.property(place, letter, (at, other) => {
      const mistyped = secret.slice(0, at) + other + secret.slice(at + 1);
      expect(isMistyped(mistyped)).toBe(mistyped !== secret);
    }),
  );
  for (let at = 3; at < secret.length - 1; at += 1) {
    const swapped = secret.slice(0, at) + secret[at + 1] + secret[at] + secret.slice(at + 2);
    expect(isMistyped(swapped)).toBe(swapped !== secret);
  }
});

it('of earlier versions, and those that operators chose, are never mistyped', () => {
  const chosen = ['mp_7Xk-_aJQdA4lFceWHH4S4FPJdhhtQBSE3eiNJ6EFCJp', 'a-key-for-tests-of-whole-servers', 'mp_', ''];
  expect(chosen.filter(isMistyped)).toEqual([]);
});
