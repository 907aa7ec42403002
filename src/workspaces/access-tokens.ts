import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { UnauthenticatedError } from '../errors.ts';
import type { Access } from './access.ts';

const AUDIENCE = 'milepost';
const ALGORITHM = 'HS256';

const CLAIMS = z.object({
  sub: z.string(),
  wsp: z.string(),
  key: z.string(),
  scope: z.string(),
  exp: z.number(),
});

/** What an access token says: whom it is for, what it allows and when it ends. */
export interface AccessTokenGrant {
  workspaceId: string;
  /** The API key that makes it. */
  apiKeyId: string;
  identityId: string;
  permissions: Access['permissions'];
  expiresAt: Date;
}

/** Makes and checks access tokens: JWTs (RFC 7519) signed with the server's secret. */
export interface AccessTokens {
  sign(grant: AccessTokenGrant): Promise<string>;
  /** Throws UnauthenticatedError when the token is forged, expired or not ours. Whether its key still opens something is not asked. */
  verify(token: string): Promise<Access & AccessTokenGrant>;
}

export function createAccessTokens(secret: string): AccessTokens {
  const key = new TextEncoder().encode(secret);
  return {
    sign: ({ workspaceId, apiKeyId, identityId, permissions, expiresAt }) =>
      new SignJWT({ wsp: workspaceId, key: apiKeyId, scope: permissions.join(' ') })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt' })
        .setSubject(identityId)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(key),
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, { audience: AUDIENCE, algorithms: [ALGORITHM] });
        const claims = CLAIMS.parse(payload);
        return {
          workspaceId: claims.wsp,
          permissions: claims.scope.split(' ').filter((word) => word === 'READ' || word === 'WRITE'),
          apiKeyId: claims.key,
          identityId: claims.sub,
          expiresAt: new Date(claims.exp * 1000),
        };
      } catch (error) {
        if (error instanceof errors.JWTExpired) throw new UnauthenticatedError('The access token has expired.');
        throw new UnauthenticatedError('The access token is not valid.');
      }
    },
  };
}

/** Whether a credential has the shape of an access token; an API key never has. */
export function looksLikeAccessToken(credential: string): boolean {
  return credential.split('.').length === 3 && credential.startsWith('ey');
}
