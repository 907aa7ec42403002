import { UnauthenticatedError } from '../errors.ts';

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
