/** Somebody with tools and keys of their own, on the other side of the wire. */

import { createPublicKey } from 'node:crypto'
import { createClientAssertion } from '../core/client-assertion.ts'
import { createDpopProof } from '../core/dpop.ts'
import { parsePublicKey } from '../core/jose.ts'
import { clientId, isJsonObject, issuer, seconds } from '../core/names.ts'
import type { Signer } from '../core/ports.ts'
import { importSigner } from './import-signer.ts'
import { createSigner, generateSigningKey, random, sha256, systemClock } from '../node/runtime.ts'
import type { Credentials, Registered } from './registrations.ts'
import { observed, type Sender, strike } from './trace.ts'

/** How a server answered an attempt. */
export type Attempted = {
  readonly status: number
  /** By which the operator finds the precise reason. */
  readonly correlationId: string | undefined
  readonly nonce: string | undefined
  /** All it said. */
  readonly text: string
}

/** Makes a proof for one request. */
export type Prover = (about: {
  readonly method: string
  readonly url: string
  readonly nonce?: string | undefined
  readonly token?: string
}) => Promise<string>

/** A prover with a fresh key of its own. */
export async function createProver(): Promise<Prover> {
  const privateKey = await generateSigningKey('ES256')
  const { jwk } = parsePublicKey(createPublicKey(privateKey).export({ format: 'jwk' }), sha256)
  const signer: Signer = createSigner(privateKey, 'ES256', undefined)
  return ({ method, url, nonce, token }) => {
    const ath = token === undefined ? undefined : sha256(token)
    return createDpopProof({ method, url, jti: random(16), now: systemClock(), nonce, ath }, jwk, signer)
  }
}

/** One request of the thief, exactly as given; follows nothing. Without TLS unless another sender is given. */
export function send(url: string, init: RequestInit = {}, sender: Sender = fetch): Promise<Attempted> {
  return strike(() => exchange(url, init, observed('thief', sender)))
}

/** One request of the bank, which asks the server about a token. */
export function askAsBank(url: string, init: RequestInit): Promise<Attempted> {
  return exchange(url, init, observed('bank', fetch))
}

async function exchange(url: string, init: RequestInit, sender: Sender): Promise<Attempted> {
  const response = await sender(url, { ...init, redirect: 'manual' })
  const text = await response.text()
  return {
    status: response.status,
    correlationId: correlationIdIn(text) ?? response.headers.get('x-correlation-id') ?? undefined,
    nonce: response.headers.get('dpop-nonce') ?? undefined,
    text,
  }
}

/** The correlation id in the JSON of a refusal. */
export function correlationIdIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const id = isJsonObject(body) ? body['correlation_id'] : undefined
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}

/** A form with a client assertion of `as`, made for `audience`. */
export async function authenticatedForm(
  as: Credentials,
  audience: string,
  fields: Readonly<Record<string, string>>,
): Promise<URLSearchParams> {
  const about = {
    clientId: clientId(as.clientId),
    issuer: issuer(audience),
    jti: random(16),
    now: systemClock(),
    lifetime: seconds(60),
  }
  return new URLSearchParams({
    ...fields,
    client_id: as.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await createClientAssertion(about, importSigner(as.key)),
  })
}

/** What a well-behaved client pushes for `as`. */
export function pushFields(as: Registered): Readonly<Record<string, string>> {
  return {
    response_type: 'code',
    redirect_uri: as.redirectUri,
    scope: 'accounts',
    state: random(16),
    code_challenge: sha256(random(32)),
    code_challenge_method: 'S256',
  }
}

/**
 * Presents a code, or what else the fields say, at the token endpoint as `as`, with a proof of the prover's key; once
 * more with the nonce that is asked for.
 */
export async function redeem(
  issuerUrl: string,
  as: Registered,
  fields: Readonly<Record<string, string>>,
  prove: Prover,
): Promise<Attempted> {
  const url = `${issuerUrl}/token`
  const attempt = async (nonce: string | undefined) => {
    const body = await authenticatedForm(as, issuerUrl, { grant_type: 'authorization_code', ...fields })
    return send(url, { method: 'POST', body, headers: { dpop: await prove({ method: 'POST', url, nonce }) } })
  }
  const first = await attempt(undefined)
  return first.nonce === undefined ? first : attempt(first.nonce)
}
