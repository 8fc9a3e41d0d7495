/** Where an authorization server tells the application that a person has signed out. OIDC Back-Channel Logout §2.5 to §2.8. */

import { joseVerifier, parseCompactJws } from '../core/jose.ts'
import { type LogoutToken, verifyLogoutToken } from '../core/logout-token.ts'
import { type ClientId, clientId, type Issuer, issuer, type NumericDate } from '../core/names.ts'
import { profile, type SigningAlgorithm } from '../core/profile.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { readIssuerKeysMetadata } from './metadata.ts'
import type { ClientPorts } from './ports.ts'

/** Whose sign-in is over. At least one of the two is there. */
export type SignedOut = {
  /** The person; when there is no `sid`, every session of theirs ends. */
  readonly subject: string | undefined
  /** The one sign-in, as ID tokens name it. */
  readonly sid: string | undefined
}

/** What a logout receiver knows. */
export type LogoutReceiverConfig = {
  readonly issuer: string
  readonly clientId: string
  /** Ends the sessions; what it throws means that they did not end, and the server may try again. */
  readonly onLogout: (who: SignedOut) => Promise<void> | void
  /** How many logout tokens are remembered until they expire, 10,000 unless given; beyond, new ones are refused. */
  readonly mostRemembered?: number
}

/** Answers the posts of the authorization server: 200, or 400. */
export type LogoutReceiver = (request: Request) => Promise<Response>

/**
 * Reads the metadata of the issuer, and gives the handler for the registered `backchannel_logout_uri`.
 * @throws ClientError metadata_*, id_token_algorithm_missing, endpoint_insecure
 * @throws MalformedName when an identifier is none
 */
export async function createLogoutReceiver(config: LogoutReceiverConfig, ports: ClientPorts): Promise<LogoutReceiver> {
  const of = issuer(config.issuer)
  const { jwksUri, algorithms } = await readIssuerKeysMetadata(of, ports)
  const judge = createJudge({ of, audience: clientId(config.clientId), algorithms, jwksUri }, ports)
  const seen = new SeenTokens(config.mostRemembered ?? 10_000)
  return async (request) => {
    const text = await logoutTokenOf(request)
    if (text === undefined) return refusal('not a logout request')
    const judged = await judge(text)
    if ('fault' in judged) return refusal(judged.fault)
    const { jti, expiresAt, subject, sid } = judged.token
    if (seen.note(jti, expiresAt, ports.clock()) === 'refused') return refusal('replayed')
    try {
      await config.onLogout({ subject, sid })
    } catch {
      // Nothing has ended: the same token may come again.
      seen.forget(jti)
      return refusal('failed')
    }
    return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
  }
}

type Expected = {
  readonly of: Issuer
  readonly audience: ClientId
  readonly algorithms: readonly SigningAlgorithm[]
  readonly jwksUri: string
}

type Judged = { readonly token: LogoutToken } | { readonly fault: string }

function createJudge({ of, audience, algorithms, jwksUri }: Expected, ports: ClientPorts) {
  const issuerKeys = new IssuerKeys(jwksUri, ports)
  return async (text: string): Promise<Judged> => {
    try {
      const keys = await issuerKeys.withKid(parseCompactJws(text).header['kid'])
      const expected = { issuer: of, audience, algorithms, keys, now: ports.clock() }
      return await verifyLogoutToken(text, { ...expected, typ: 'when_present' }, joseVerifier)
    } catch {
      return { fault: 'not verifiable' }
    }
  }
}

/** The one parameter of the form, bounded like any other of ours. OIDC Back-Channel Logout §2.5. */
async function logoutTokenOf(request: Request): Promise<string | undefined> {
  const type = request.headers.get('content-type') ?? ''
  if (request.method !== 'POST' || !/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) return undefined
  const tokens = new URLSearchParams(await boundedText(request)).getAll('logout_token')
  return tokens.length === 1 ? tokens[0] : undefined
}

async function boundedText(request: Request): Promise<string> {
  const decoder = new TextDecoder()
  const body: AsyncIterable<Uint8Array> | undefined = request.body ?? undefined
  if (body === undefined) return ''
  let text = ''
  let length = 0
  try {
    for await (const chunk of body) {
      length += chunk.byteLength
      if (length > profile.formBytes) return ''
      text += decoder.decode(chunk, { stream: true })
    }
  } catch {
    return ''
  }
  return text
}

/** OIDC Back-Channel Logout §2.8. */
function refusal(fault: string): Response {
  const body = JSON.stringify({ error: 'invalid_request', error_description: `logout token: ${fault}` })
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return new Response(body, { status: 400, headers })
}

/** The logout tokens that have done their work and have not expired. */
class SeenTokens {
  readonly #expiries = new Map<string, NumericDate>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Whether it is the first of its name; a full memory takes nothing it could not remember. */
  note(jti: string, expiresAt: NumericDate, now: NumericDate): 'noted' | 'refused' {
    if (this.#expiries.has(jti)) return 'refused'
    if (this.#expiries.size >= this.#most) this.#forgetExpired(now)
    if (this.#expiries.size >= this.#most) return 'refused'
    this.#expiries.set(jti, expiresAt)
    return 'noted'
  }

  forget(jti: string): void {
    this.#expiries.delete(jti)
  }

  #forgetExpired(now: NumericDate): void {
    for (const [jti, expiresAt] of this.#expiries) if (expiresAt < now) this.#expiries.delete(jti)
  }
}
