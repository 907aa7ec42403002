import { UnauthenticatedError } from '../errors.ts';
import { looksLikeAccessToken } from '../workspaces/access-tokens.ts';
import { looksLikeApiKey } from '../workspaces/api-keys.ts';

/** What people call an API key in a query. */
const KEY_NAMES = /^(?:(?:x[-_])?api[-_]?key|authorization)$/i;

/** The credential of a request: `Authorization: Bearer …` (RFC 6750) or `x-api-key`. Throws UnauthenticatedError when there is none. */
export function credentialOf(headers: { authorization?: string | undefined; apiKey?: string | undefined }): string {
  const bearer = /^Bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1];
  const credential = bearer ?? headers.apiKey?.trim();
  if (!credential) {
    throw new UnauthenticatedError(
      'Credentials are missing. Send the header `Authorization: Bearer <key>` or `x-api-key: <key>`.',
    );
  }
  return credential;
}

/**
 * Throws UnauthenticatedError for an address with an API key in it, whatever the headers have: whoever sends that should
 * know that it is in logs by now. An access token may stand there.
 */
export function refuseApiKeyIn(url: string): void {
  const query = url.indexOf('?');
  if (query === -1) return;
  for (const [name, value] of new URLSearchParams(url.slice(query))) {
    const isKey =
      KEY_NAMES.test(name) || looksLikeApiKey(value) || (name === 'access_token' && !looksLikeAccessToken(value));
    if (!isKey) continue;
    throw new UnauthenticatedError(
      'API keys do not belong in an address. Send `Authorization: Bearer <key>`, or as access_token one made by createAccessToken.',
    );
  }
}
