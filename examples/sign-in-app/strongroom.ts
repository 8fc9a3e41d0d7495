/** The two calls a sign-in application makes: POST /interactions/start and /interactions/decide. */

import { createPrivateKey, type JsonWebKey, randomUUID, sign } from 'node:crypto'

/** What is pending, as far as this example looks at it. */
export type Pending = {
  readonly interaction: string
  readonly client: { readonly client_name: string; readonly redirect_host: string; readonly registered_at: number }
  readonly scopes: readonly { readonly scope: string; readonly api?: string; readonly description?: string }[]
  readonly authorization_details: readonly {
    readonly title: string
    /** Words of the operator of Strongroom, and values that the client wrote. */
    readonly text: readonly { readonly kind: 'words' | 'value'; readonly text: string }[]
  }[]
  readonly lasts: { readonly until: 'sign_out' } | { readonly until: 'revoked'; readonly seconds: number }
  /** What this person allowed the client before. */
  readonly before?: { readonly given_at: number; readonly scope: readonly string[] }
  /** Since when the person must have signed in. */
  readonly auth_time_from: number
  readonly login_hint?: string
}

type Parameters = Readonly<Record<string, string>>

/** Something the person has to read, and no bug. */
export class Refused extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** Strongroom, called as the client that `signIn.app.clientId` names, with the private key that was made for it. */
export function connect(issuer: string, clientId: string, privateJwk: unknown) {
  if (!isJwk(privateJwk)) throw new TypeError('the key file holds no JWK')
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' })
  const header = { typ: 'client-authentication+jwt', alg: 'ES256', kid: privateJwk['kid'] }

  /** A signed assertion, new for each request: it works once, and for this server only. */
  const assertion = () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 }
    const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
    return `${input}.${signature.toString('base64url')}`
  }

  const call = async (step: 'start' | 'decide', parameters: Parameters): Promise<unknown> => {
    const form = new URLSearchParams({
      ...parameters,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion(),
    })
    const signal = AbortSignal.timeout(10_000)
    const url = `${issuer}/interactions/${step}`
    const response = await fetch(url, { method: 'POST', body: form, redirect: 'error', signal })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Refused(textIn(answer, 'error_description'), response.status)
    return answer
  }

  return {
    start: async (parameters: Parameters): Promise<Pending> => {
      const answer = await call('start', parameters)
      return isPending(answer) ? answer : fail()
    },
    /** Returns where to send the browser: for this browser alone, so never log, mail or open it. */
    decide: async (parameters: Parameters): Promise<string> => textIn(await call('decide', parameters), 'continue'),
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isJwk(value: unknown): value is JsonWebKey {
  return isObject(value) && value['kty'] === 'EC'
}

/** The server is ours and speaks TLS: what it says is believed, once it is the right kind of thing. */
function isPending(value: unknown): value is Pending {
  return isObject(value) && typeof value['interaction'] === 'string' && isObject(value['client'])
}

function textIn(answer: unknown, member: string): string {
  const value = isObject(answer) ? answer[member] : undefined
  return typeof value === 'string' ? value : fail()
}

function fail(): never {
  throw new TypeError('this is no answer of Strongroom')
}
