import { detailsFor } from '../core/authorization-details.ts'
import { createAccessToken, type NewAccessToken } from '../core/access-token.ts'
import type { ClientRecord } from '../core/client.ts'
import type { Grant } from '../core/flow.ts'
import { createIdToken } from '../core/id-token.ts'
import { encryptionKeyFor, jwtEncrypter, signJwt } from '../core/jose.ts'
import { after, type ClientId, type JsonObject, type NumericDate, type ResourceIdentifier } from '../core/names.ts'
import { refuse } from '../core/oauth-error.ts'
import type { Signer } from '../core/ports.ts'
import { type SigningAlgorithm, signingAlgorithms } from '../core/profile.ts'
import type { RuleSlug } from '../core/rules.ts'
import { claimsByName } from './claims.ts'
import type { Server } from './server.ts'
import { sidFor, subjectFor } from './subject.ts'

/** What a token is issued on. */
export type TokenGrounds = Pick<
  NewAccessToken,
  'subject' | 'clientId' | 'scope' | 'details' | 'confirmation' | 'grantRef' | 'authTime' | 'acr'
> & { readonly resources: readonly ResourceIdentifier[]; readonly now: NumericDate }

/** What signs the tokens of one client. */
export type TokenSigners = { readonly accessToken: Signer; readonly idToken: Signer }

/**
 * The signers for a client: of the algorithm it is registered for, or of the most preferred one there is a key for.
 * @throws Error when there is no key for them: the operator's mistake, which nothing was spent for yet
 */
export function tokenSigners(client: ClientRecord, { keys }: Server): TokenSigners {
  const preferred = signingAlgorithms.map((alg) => keys.signer(alg)).find((found) => found !== undefined)
  const registered = client.idTokenSignedResponseAlg
  const idToken = registered === undefined ? preferred : keys.signer(registered)
  if (preferred === undefined || idToken === undefined) throw new Error('there is no signing key for this client')
  return { accessToken: preferred, idToken }
}

/**
 * Issues an access token for the resources, and for userinfo when `openid` was granted. Always bound to a key or certificate.
 * RFC 9068; FAPI 2.0 SP §5.3.2.1-4.
 */
export function issueAccessToken(
  { resources, now, ...grounds }: TokenGrounds,
  { accessToken }: TokenSigners,
  { issuer, lifetimes, random, catalogue }: Server,
): Promise<string> {
  return createAccessToken(
    {
      ...grounds,
      // Whoever is to take the token reads all of it. RFC 9396 §9.1.
      details: detailsFor(resources, grounds.details, catalogue.detailTypes),
      issuer,
      audience: grounds.scope.includes('openid') ? [...resources, issuer] : resources,
      issuedAt: now,
      expiresAt: after(now, lifetimes.accessToken),
      jti: random(16),
    },
    accessToken,
  )
}

/** What signs the tokens of one client for a person, and encrypts its ID tokens where it registered that. */
export type PersonTokenSigners = TokenSigners & { readonly encrypt: ((jwt: string) => Promise<string>) | undefined }

/**
 * The same for grants that may come with an ID token: whatever could keep one from being made shows here.
 * @throws OAuthError id_token_key_missing, client_keys_unavailable; Error as `tokenSigners`
 */
export async function personTokenSigners(client: ClientRecord, server: Server): Promise<PersonTokenSigners> {
  const signers = tokenSigners(client, server)
  const how = client.idTokenEncryption
  if (how === undefined) return { ...signers, encrypt: undefined }
  const { encryptionKeys } = await server.clientKeys(client, { use: 'enc' })
  const key = encryptionKeyFor(encryptionKeys, how.alg) ?? refuse('id_token_key_missing')
  return { ...signers, encrypt: await orRefuseLater('id_token_key_missing', jwtEncrypter(key, how)) }
}

/** A key that cannot be imported is none. */
async function orRefuseLater<T>(rule: RuleSlug, made: Promise<T>): Promise<T> {
  try {
    return await made
  } catch (cause) {
    return refuse(rule, { cause })
  }
}

/** Issues an ID token about the person who allowed it. OIDC Core §3.1.3.3, §12.2. */
export async function issueIdToken(
  about: {
    readonly grounds: Pick<Grant, 'subject' | 'authTime' | 'acr' | 'amr' | 'sid' | 'claims'>
    readonly client: ClientRecord
    readonly nonce: string | undefined
    /** The access token it comes with. */
    readonly accessToken: string
    readonly now: NumericDate
  },
  { idToken, encrypt }: PersonTokenSigners,
  server: Server,
): Promise<string> {
  const { issuer, lifetimes, hash, store } = server
  const { grounds, client, nonce, accessToken, now } = about
  const { subject, authTime, acr, amr, sid, claims } = grounds
  const user = claims.idToken.length === 0 ? undefined : await store.users.bySubject(subject)
  const signed = await createIdToken(
    {
      issuer,
      subject: subjectFor(client, subject, server),
      audience: client.clientId,
      issuedAt: now,
      expiresAt: after(now, lifetimes.idToken),
      authTime,
      nonce,
      acr,
      amr,
      sid: sidFor(client, sid, server),
      accessToken,
      person: claimsByName(claims.idToken, client, user?.claims ?? {}),
    },
    idToken,
    hash,
  )
  return encrypt === undefined ? signed : encrypt(signed)
}

/**
 * What a client that registered an algorithm for it gets from userinfo. Without a `typ`, so that nobody takes it for an
 * ID token. OIDC Core §5.3.2.
 * @throws Error when there is no key of that algorithm: the operator's mistake
 */
export function signUserinfo(
  alg: SigningAlgorithm,
  audience: ClientId,
  claims: JsonObject,
  { keys, issuer }: Server,
): Promise<string> {
  const signer = keys.signer(alg)
  if (signer === undefined) throw new Error('there is no signing key for this client')
  return signJwt({}, { ...claims, iss: issuer, aud: audience }, signer)
}
