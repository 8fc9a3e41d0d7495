/** What this implementation makes of one artefact vector, in the words of its `expect`. Needs the core only. */

import { createHash } from 'node:crypto'
import { type TrustedIssuer, verifyAccessToken } from '../../src/core/access-token.ts'
import { parseClientAssertion, verifyClientAssertion } from '../../src/core/client-assertion.ts'
import { normaliseHtu, parseDpopProof, verifyDpopProof } from '../../src/core/dpop.ts'
import { clientDefaults, type ClientRecord } from '../../src/core/client.ts'
import { parsePublicKey, type PublicKey } from '../../src/core/jose.ts'
import {
  clientId,
  isJsonObject,
  issuer,
  type JsonObject,
  numericDate,
  registeredRedirectUri,
  resourceIdentifier,
  sha256Digest,
} from '../../src/core/names.ts'
import { OAuthError } from '../../src/core/oauth-error.ts'
import { challengeOfVerifier, parseCodeChallenge } from '../../src/core/pkce.ts'
import type { Hash, Verifier } from '../../src/core/ports.ts'
import { signingAlgorithm, signingAlgorithms } from '../../src/core/profile.ts'
import { parseForm } from '../../src/core/wire/form.ts'
import { canonicalPath } from '../../src/guard/path.ts'
import { readVectorKeys } from '../../scripts/generate/vectors/keys.ts'
import { numberOf, objectOf, type Shape, textOf, textsOf, type VectorFile } from './load.ts'

const sha256: Hash = (text) => sha256Digest(createHash('sha256').update(text).digest('base64url'))

type Judge = (vector: JsonObject, document: JsonObject, verify: Verifier) => JsonObject | Promise<JsonObject>

/** How the vectors of one file are read and judged. */
export type Family = Shape & { readonly judge: Judge; readonly uses: 'a verifier' | 'nothing' }

const keys = readVectorKeys()
const accepted = { accepted: true }

function publicKey(name: string, kid: string | undefined): PublicKey {
  const key = keys.get(name)
  if (key === undefined) throw new RangeError(`no key ${name}`)
  return parsePublicKey({ ...key.publicJwk, ...(kid === undefined ? {} : { kid }) }, sha256)
}

function published(names: unknown, kidOfAll: unknown): readonly PublicKey[] {
  return textsOf(names, 'keys').map((name) =>
    publicKey(name, typeof kidOfAll === 'string' ? kidOfAll : keys.get(name)?.kid),
  )
}

function clientOf(registration: JsonObject): ClientRecord {
  return {
    ...clientDefaults,
    clientId: clientId(textOf(registration['client_id'], 'client_id')),
    name: 'A client',
    grantTypes: [],
    scope: [],
    keys: published(registration['keys'], registration['kid_of_all']),
    tokenEndpointAuthSigningAlg: signingAlgorithm(registration['token_endpoint_auth_signing_alg']),
    notBefore: numericDate(0),
    createdAt: numericDate(0),
  }
}

const clientAssertion: Judge = async (vector, document, verify) => {
  const unverified = parseClientAssertion(textOf(vector['jwt'], 'jwt'))
  const clients = objectOf(document['clients'], 'clients')
  const client = clientOf(objectOf(clients[textOf(vector['client'] ?? 'client-a', 'client')], 'client'))
  await verifyClientAssertion(unverified, client, {
    issuer: issuer(textOf(document['issuer'], 'issuer')),
    now: numericDate(numberOf(document['time'], 'time')),
    epoch: numericDate(numberOf(vector['epoch'] ?? document['epoch'], 'epoch')),
    clientKeys: (known) => Promise.resolve(known),
    verify,
    hash: sha256,
  })
  return accepted
}

const dpopProof: Judge = async (vector, document, verify) => {
  const proof = parseDpopProof([['dpop', textOf(vector['jwt'], 'jwt')]], sha256)
  if (proof === undefined) throw new RangeError('there is no proof')
  const nonce = textOf(document['nonce'], 'nonce')
  const expected = {
    method: textOf(vector['method'] ?? document['method'], 'method'),
    url: textOf(vector['url'] ?? document['url'], 'url'),
    ath: vector['ath'] === undefined ? undefined : textOf(vector['ath'], 'ath'),
    nonces: { current: () => nonce, accepts: (presented: string) => presented === nonce },
    now: numericDate(numberOf(vector['time'] ?? document['time'], 'time')),
  }
  await verifyDpopProof(proof, expected, { verify, hash: sha256 })
  return accepted
}

const accessToken: Judge = async (vector, document, verify) => {
  const about = objectOf(document['issuer'], 'issuer')
  const trusted: TrustedIssuer = {
    issuer: issuer(textOf(about['issuer'], 'issuer')),
    algorithms: signingAlgorithms,
    keys: () => Promise.resolve(published(about['keys'], undefined)),
  }
  const audience = resourceIdentifier(textOf(vector['audience'] ?? document['audience'], 'audience'))
  const now = numericDate(numberOf(document['time'], 'time'))
  await verifyAccessToken(textOf(vector['jwt'], 'jwt'), { audience, issuers: [trusted], now }, verify)
  return accepted
}

const pkce: Judge = ({ challenge, method, verifier }) => {
  const optional = (value: unknown) => (typeof value === 'string' ? value : undefined)
  if (verifier !== undefined) return { challenge: challengeOfVerifier(optional(verifier), sha256) }
  parseCodeChallenge(optional(challenge), optional(method))
  return accepted
}

const redirectUri: Judge = (vector) => {
  const client = {
    redirectUris: textsOf(vector['registered'], 'registered'),
    applicationType: vector['application_type'] === 'native' ? 'native' : 'web',
  } as const
  const found = registeredRedirectUri(textOf(vector['presented'], 'presented'), client, issuer('https://as.example'))
  return found === undefined ? { rule: 'redirect_uri_unregistered' } : accepted
}

const htu: Judge = (vector) => {
  const one = normaliseHtu(textOf(vector['one'], 'one'))
  return { same: one !== undefined && one === normaliseHtu(textOf(vector['other'], 'other')) }
}

const thumbprint: Judge = ({ jwk }) => {
  try {
    const key = parsePublicKey(jwk, sha256)
    return { thumbprint: key.thumbprint, alg: key.alg }
  } catch (error) {
    if (error instanceof SyntaxError) return { usable: false }
    throw error
  }
}

const signed = { uses: 'a verifier' } as const
const text = { uses: 'nothing', settings: [] } as const

/** Every file of artefact vectors. */
export const families: Readonly<Record<string, Family>> = {
  'client-assertion.json': {
    ...signed,
    settings: ['time', 'issuer', 'epoch', 'clients'],
    members: ['made', 'jwt', 'client', 'epoch'],
    expect: ['accepted'],
    judge: clientAssertion,
  },
  'dpop-proof.json': {
    ...signed,
    settings: ['time', 'method', 'url', 'nonce'],
    members: ['made', 'jwt', 'method', 'url', 'ath', 'time'],
    expect: ['accepted'],
    judge: dpopProof,
  },
  'access-token.json': {
    ...signed,
    settings: ['time', 'audience', 'issuer'],
    members: ['made', 'jwt', 'audience'],
    expect: ['accepted'],
    judge: accessToken,
  },
  'pkce.json': {
    ...text,
    members: ['challenge', 'method', 'verifier'],
    expect: ['accepted', 'challenge'],
    judge: pkce,
  },
  'redirect-uri.json': {
    ...text,
    members: ['application_type', 'registered', 'presented'],
    expect: ['accepted'],
    judge: redirectUri,
  },
  'form.json': {
    ...text,
    members: ['text'],
    expect: ['pairs'],
    judge: (vector) => ({ pairs: parseForm(textOf(vector['text'], 'text')) }),
  },
  'htu-normalisation.json': { ...text, members: ['one', 'other'], expect: ['same'], judge: htu },
  'jwk-thumbprint.json': {
    ...text,
    members: ['jwk'],
    expect: ['thumbprint', 'alg', 'usable'],
    judge: thumbprint,
  },
  'path.json': {
    ...text,
    members: ['target'],
    expect: ['path'],
    judge: (vector) => ({ path: canonicalPath(textOf(vector['target'], 'target')) }),
  },
}

/** What comes of a vector: a refusal is its rule; anything else that is thrown is a bug. */
export async function outcomeOf(
  vector: JsonObject,
  { document }: VectorFile,
  { judge }: Family,
  verify: Verifier,
): Promise<JsonObject> {
  try {
    const outcome: unknown = JSON.parse(JSON.stringify(await judge(vector, document, verify)))
    return isJsonObject(outcome) ? outcome : {}
  } catch (error) {
    if (error instanceof OAuthError) return { rule: error.rule }
    throw error
  }
}
