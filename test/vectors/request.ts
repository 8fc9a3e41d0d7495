/** A request under construction: what it is made of, what a vector changes about it, and the bytes that follow. */

import { signerOf } from '../../scripts/generate/vectors/signers.ts'
import type { ClientCertificate } from '../../src/core/certificate.ts'
import { isJsonObject, type JsonObject } from '../../src/core/names.ts'
import type { Signer } from '../../src/core/ports.ts'
import { sha256 } from '../../src/node/runtime.ts'
import { readVectorKeys, type VectorKey } from '../../scripts/generate/vectors/keys.ts'
import { aRawJws } from '../flow/messages.ts'
import { vectorCertificate } from './certificates.ts'
import { checkMembers, objectOf, textOf, textsOf } from './load.ts'

const keys = readVectorKeys()

/** A published test key by its name. */
export function vectorKey(name: string): VectorKey {
  const key = keys.get(name)
  if (key === undefined) throw new RangeError(`vectors/keys.json has no key ${name}`)
  return key
}

export type Pair = readonly [name: string, value: string]

/** A JWT before it was signed. */
export type Jwt = { readonly header: JsonObject; readonly claims: JsonObject; readonly signer: Signer }

/** A valid request before its JWTs were made. */
export type Draft = {
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly parameters: readonly Pair[]
  readonly parametersIn: 'form' | 'query' | 'nowhere'
  readonly cookie: string | undefined
  /** Who authenticates, unless a vector says otherwise; nobody where that is not asked for. */
  readonly caller: string | undefined
  readonly proof: 'sent' | 'none'
  /** The token as it was issued. */
  readonly token: string | undefined
  /** What `{words}` in a vector stand for. */
  readonly words: Readonly<Record<string, string>>
}

/** What signs and dates the JWTs of a request. */
export type Stage = {
  readonly now: () => number
  readonly issuer: string
  readonly client: (name: string) => { readonly signer: Signer; readonly kid: string | undefined }
  readonly nonce: (key: VectorKey) => Promise<string>
}

/** The JWTs of a request, as texts. */
export type Artefacts = {
  readonly assertion: string | undefined
  readonly proof: string | undefined
  readonly token: string | undefined
}

/** A request as it is sent. */
export type Rendered = {
  readonly method: string
  readonly target: string
  readonly headers: readonly Pair[]
  readonly body: string | Uint8Array | { readonly aborted: true } | undefined
  readonly artefacts: Artefacts
  readonly certificate?: ClientCertificate
  readonly certificateTrouble?: 'malformed'
}

/** Clients that authenticate with a certificate of their own name. */
const byCertificate = ['client-m', 'client-s']

const changeMembers = ['by', 'set', 'remove', 'append', 'method', 'path', 'query', 'headers', 'body', 'certificate']
const jwtMembers = ['header', 'claims', 'without', 'key', 'signed_by']

/** Makes the request of a draft with a change; artefacts that are given are sent in place of new ones. */
export async function render(
  draft: Draft,
  change: JsonObject,
  stage: Stage,
  replayed: Partial<Artefacts> = {},
): Promise<Rendered> {
  checkMembers(change, [...changeMembers, 'assertion', 'proof', 'token'], 'change')
  const method = textOf(change['method'] ?? draft.method, 'method')
  const path = filled(textOf(change['path'] ?? draft.path, 'path'), draft.words)
  const url = draft.origin + path
  const token = replayed.token ?? (await tokenOf(draft, change['token'], stage))
  const proof = replayed.proof ?? (await proofOf(draft, change['proof'], { method, url, token, stage }))
  const assertion = replayed.assertion ?? (await assertionOf(draft, change, stage))
  const artefacts = { assertion, proof, token }
  const words = {
    ...draft.words,
    ...Object.fromEntries(Object.entries(artefacts).map(([name, text]) => [name, text ?? ''])),
  }
  const parameters = changedParameters(draft, change, assertion, words)
  const query = [
    ...(draft.parametersIn === 'query' && parameters.length > 0 ? [formText(parameters)] : []),
    ...(change['query'] === undefined ? [] : [filled(textOf(change['query'], 'query'), words)]),
  ]
  const form = draft.parametersIn === 'form' ? formText(parameters) : undefined
  return {
    method,
    target: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers: changedHeaders(draft, change['headers'], artefacts, words),
    body: change['body'] === undefined ? form : bodyOf(objectOf(change['body'], 'body'), words),
    artefacts,
    ...certificateOf(change),
  }
}

/** The certificate that a vector names, or that its client has. */
function certificateOf({ by, certificate }: JsonObject): Pick<Rendered, 'certificate' | 'certificateTrouble'> {
  if (certificate === null) return {}
  const own = typeof by === 'string' && byCertificate.includes(by) ? by : undefined
  const name = certificate === undefined ? own : textOf(certificate, 'certificate')
  if (name === undefined) return {}
  return name === 'malformed' ? { certificateTrouble: name } : { certificate: vectorCertificate(name) }
}

function formText(pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
}

function filled(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{([a-z_ -]+)\}/g, (whole, word: string) => words[word] ?? whole)
}

function bodyOf(body: JsonObject, words: Readonly<Record<string, string>>): Rendered['body'] {
  checkMembers(body, ['text', 'repeat', 'times', 'bytes', 'aborted'], 'body')
  if (body['aborted'] === true) return { aborted: true }
  if (typeof body['bytes'] === 'string') return Buffer.from(body['bytes'], 'base64url')
  if (typeof body['repeat'] === 'string') return body['repeat'].repeat(Number(body['times']))
  return filled(textOf(body['text'], 'body.text'), words)
}

function pairsOf(value: unknown, about: string): readonly Pair[] {
  if (value === undefined) return []
  if (Array.isArray(value)) {
    return value.map((entry): Pair => {
      const [name = '', text = ''] = textsOf(entry, about)
      return [name, text]
    })
  }
  return Object.entries(objectOf(value, about)).map(([name, text]) => [name, textOf(text, about)])
}

function changedParameters(
  draft: Draft,
  change: JsonObject,
  assertion: string | undefined,
  words: Readonly<Record<string, string>>,
): readonly Pair[] {
  const credentials: readonly Pair[] =
    assertion === undefined
      ? []
      : [
          ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
          ['client_assertion', assertion],
        ]
  const own = draft.parameters.map(([name, value]): Pair => {
    return name === 'client_id' && change['by'] !== undefined ? [name, textOf(change['by'], 'by')] : [name, value]
  })
  // Whoever authenticates with a certificate says who they are. RFC 8705 §2.
  const { by } = change
  const isNamed = own.some(([name]) => name === 'client_id')
  const named: readonly Pair[] =
    typeof by === 'string' && byCertificate.includes(by) && !isNamed ? [['client_id', by]] : []
  return edited([...own, ...named, ...credentials], change, words)
}

/** `set` replaces in place or adds, `remove` takes away, `append` adds whatever is there. */
function edited(pairs: readonly Pair[], change: JsonObject, words: Readonly<Record<string, string>>): readonly Pair[] {
  const set = new Map(pairsOf(change['set'], 'set').map(([name, value]) => [name, filled(value, words)]))
  const removed = change['remove'] === undefined ? [] : textsOf(change['remove'], 'remove')
  const known = pairs
    .filter(([name]) => !removed.includes(name))
    .map(([name, value]): Pair => [name, set.get(name) ?? value])
  const added = [...set].filter(([name]) => !pairs.some(([other]) => other === name))
  const appended = pairsOf(change['append'], 'append').map(([name, value]): Pair => [name, filled(value, words)])
  return [...known, ...added, ...appended]
}

function changedHeaders(
  { parametersIn, cookie }: Draft,
  change: unknown,
  { proof, token }: Artefacts,
  words: Readonly<Record<string, string>>,
): readonly Pair[] {
  const valid: readonly (Pair | undefined)[] = [
    parametersIn === 'form' ? ['content-type', 'application/x-www-form-urlencoded'] : undefined,
    cookie === undefined ? undefined : ['cookie', cookie],
    token === undefined ? undefined : ['authorization', `DPoP ${token}`],
    proof === undefined ? undefined : ['dpop', proof],
  ]
  const pairs = valid.filter((pair) => pair !== undefined)
  if (change === undefined) return pairs
  const about = objectOf(change, 'headers')
  checkMembers(about, ['set', 'remove', 'append'], 'headers')
  return edited(pairs, about, words)
}

async function assertionOf(draft: Draft, { by, assertion }: JsonObject, stage: Stage): Promise<string | undefined> {
  if (draft.caller === undefined || assertion === null) return undefined
  const name = by === undefined ? draft.caller : textOf(by, 'by')
  if (byCertificate.includes(name) && assertion === undefined) return undefined
  const { signer, kid } = stage.client(name)
  const now = stage.now()
  const header = { typ: 'client-authentication+jwt', alg: signer.alg, kid }
  const claims = { iss: name, sub: name, aud: stage.issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 }
  return signed({ header, claims, signer }, assertion, stage)
}

async function proofOf(
  draft: Draft,
  change: unknown,
  request: { method: string; url: string; token: string | undefined; stage: Stage },
): Promise<string | undefined> {
  if (draft.proof === 'none' || change === null) return undefined
  const { method, url, token, stage } = request
  const about = change === undefined ? {} : objectOf(change, 'proof')
  const key = vectorKey(textOf(about['key'] ?? 'holder-ed25519', 'key'))
  const nonce = await stage.nonce(key)
  const header = { typ: 'dpop+jwt', alg: key.alg, jwk: key.publicJwk }
  const htu = url.split(/[?#]/, 1)[0] ?? ''
  const ath = token === undefined ? {} : { ath: sha256(token) }
  const claims = { jti: crypto.randomUUID(), htm: method, htu, iat: stage.now(), nonce, ...ath }
  return signed({ header, claims, signer: signerOf(key) }, change, stage, htu)
}

/** The token as it was issued, or one with its claims and a change, signed by the issuer. */
async function tokenOf({ token }: Draft, change: unknown, stage: Stage): Promise<string | undefined> {
  if (token === undefined || change === null) return undefined
  if (change === undefined) return token
  const issuerKey = vectorKey('issuer-ed25519')
  const { alg, kid } = issuerKey
  const jwt = { header: { typ: 'at+jwt', alg, kid }, claims: claimsOf(token), signer: signerOf(issuerKey) }
  return signed(jwt, change, stage)
}

function claimsOf(jwt: string): JsonObject {
  return objectOf(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()), 'claims')
}

/** Signs a JWT with a change. */
export function signed(jwt: Jwt, change: unknown, stage: Pick<Stage, 'now'>, htu = ''): Promise<string> {
  const about = change === undefined ? {} : objectOf(change, 'a change of a JWT')
  checkMembers(about, jwtMembers, 'a change of a JWT')
  const without = about['without'] === undefined ? [] : textsOf(about['without'], 'without')
  const part = (name: 'header' | 'claims') => {
    const changed = { ...jwt[name], ...resolved(objectOf(about[name] ?? {}, name), stage, htu) }
    return Object.fromEntries(Object.entries(changed).filter(([member]) => !without.includes(`${name}.${member}`)))
  }
  const other = about['signed_by'] === undefined ? undefined : vectorKey(textOf(about['signed_by'], 'signed_by'))
  const signer = other === undefined ? jwt.signer : signerOf(other)
  return aRawJws(JSON.stringify(part('header')), JSON.stringify(part('claims')), signer)
}

/** What stands for a value that is known only when the request is made. */
function resolved(members: JsonObject, stage: Pick<Stage, 'now'>, htu: string): JsonObject {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, valueOf(value, stage, htu)]))
}

function valueOf(value: unknown, stage: Pick<Stage, 'now'>, htu: string): unknown {
  if (!isJsonObject(value)) return value
  if (typeof value['$now'] === 'number') return stage.now() + value['$now']
  if (typeof value['$jwk'] === 'string') return vectorKey(value['$jwk']).publicJwk
  if (typeof value['$certificate'] === 'string') {
    return { 'x5t#S256': vectorCertificate(value['$certificate']).thumbprint }
  }
  if (typeof value['$htu'] === 'string') return htuVariant(value['$htu'], htu)
  return value
}

function htuVariant(how: string, htu: string): string {
  const [origin = ''] = /^https:\/\/[^/]+/.exec(htu) ?? []
  if (how === 'upper case') return origin.toUpperCase() + htu.slice(origin.length)
  return how === 'default port' ? `${origin}:443${htu.slice(origin.length)}` : htu + how
}
