/** Valid records for the contract suite; each test breaks one thing. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { AuthorizationDetail } from '../core/authorization-details.ts'
import type { NewSecurityEvent } from '../core/events.ts'
import { clientDefaults, type ClientRecord } from '../core/client.ts'
import {
  type Approval,
  type Grant,
  type InteractionDecision,
  type InteractionRow,
  noRequestedClaims,
  type OpeningAttempt,
  type PushedRequest,
  type RedemptionAttempt,
  type RefreshAttempt,
  type RefreshTokenOffer,
  type StoredKey,
} from '../core/flow.ts'
import type { Passkey, Session, UserRecord } from '../core/people.ts'
import { parsePublicKey } from '../core/jose.ts'
import {
  clientId,
  codeChallenge,
  correlationId,
  grantRef,
  jwkThumbprint,
  type NumericDate,
  numericDate,
  resourceIdentifier,
  type RowId,
  rowId,
  sha256Digest,
  storedRedirectUri,
  subject,
  username,
} from '../core/names.ts'
import type { Hash, Once, Store } from '../core/ports.ts'

/** A store under test: empty, its clock standing at `at(0)`. */
export type Subject = {
  readonly store: Store
  readonly setClock: (now: NumericDate) => void
  /** Closes the store and opens the same one again, where it outlives the process. */
  readonly reopen?: () => Promise<Store>
}

/** Runs a test on a fresh store and closes it afterwards. */
export type OnStore = (title: string, run: (subject: Subject) => Promise<void>) => void

/** SHA-256, as `node/` provides it. */
export const hash: Hash = (text) => sha256Digest(createHash('sha256').update(text).digest('base64url'))

/** The instant at which every test starts. */
export const start = 1_800_000_000

/** An instant, in seconds after `start`. */
export const at = (offset: number): NumericDate => numericDate(start + offset)

/** What is done fifty times at once. */
export const fifty = Array.from({ length: 50 }, (_, index) => index)

/** A row id of its own for each name. */
export const id = (name: string): RowId => rowId(hash(name).slice(0, 22))

/** A grant reference of its own for each name. */
export const ref = (name: string) => grantRef(hash(name).slice(0, 22))

/** A person. */
export function aUser(name: string, more: Partial<UserRecord> = {}): UserRecord {
  return {
    subject: more.subject ?? subject(`sub-${name}`),
    username: username(name),
    upstream: undefined,
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    status: 'active',
    notBefore: numericDate(0),
    createdAt: at(-1000),
    claims: { name: `Person ${name}`, email: `${name}@example.com` },
    ...more,
  }
}

/** A point of P-256. */
export const encryptionJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
} as const
const ed25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }

/** A client with two keys. */
export function aClient(name: string, more: Partial<ClientRecord> = {}): ClientRecord {
  return {
    ...clientDefaults,
    clientId: clientId(name),
    name: `Client ${name}`,
    redirectUris: [`https://${name}.example/cb`],
    grantTypes: ['authorization_code', 'client_credentials'],
    scope: ['openid', 'accounts'],
    keys: [parsePublicKey({ ...encryptionJwk, kid: 'one' }, hash), parsePublicKey(ed25519, hash)],
    tokenEndpointAuthSigningAlg: 'ES256',
    notBefore: numericDate(0),
    createdAt: at(-1000),
    ...more,
  }
}

/** One thing that is to be allowed, of a shape nobody here knows. RFC 9396 §2. */
function aDetail(name: string): AuthorizationDetail {
  return {
    type: 'payment',
    creditor: `Shop ${name} with \u{1f511} and \ud800`,
    amount: { value: '12.30', currency: 'EUR' },
    steps: [1, 0.5, true, null, { type: 'nested' }],
  }
}

/** What the operator's sign-in application decided. */
export function aDecision(name: string, more: Partial<InteractionDecision> = {}): InteractionDecision {
  return {
    handleHash: hash(`handle ${name}`),
    expiresAt: at(61),
    verdict: {
      kind: 'allow',
      subject: subject('sub-ada'),
      authentication: { authTime: at(5), acr: 'phr', amr: ['hwk', 'user', 'mfa'] },
      details: [aDetail(name)],
    },
    ...more,
  }
}

/** A pushed request of a client, in the name of a test. */
export function aRequest(name: string, client: string): PushedRequest {
  return {
    id: id(`request ${name}`),
    clientId: clientId(client),
    request: {
      redirectUri: storedRedirectUri(`https://${client}.example/cb`),
      scope: ['openid', 'accounts'],
      resources: [resourceIdentifier('https://api.example')],
      codeChallenge: codeChallenge(hash(`verifier ${name}`)),
      state: 'a state with \u{1f511} and \ud800',
      nonce: undefined,
      prompt: ['login'],
      maxAge: 60,
      loginHint: undefined,
      dpopJkt: jwkThumbprint(hash(`key ${name}`)),
      acrValues: ['urn:strongroom:acr:password'],
      claims: { idToken: ['auth_time'], userinfo: ['email'], essentialAcr: undefined },
      hintedSubject: undefined,
      details: [aDetail(name)],
      uiLocales: ['de-AT', 'en'],
    },
    requestUriHash: hash(`request uri ${name}`),
    expiresAt: at(90),
  }
}

/** Presenting its request_uri. */
export function anOpening(name: string, client: string, more: Partial<OpeningAttempt> = {}): OpeningAttempt {
  return {
    id: id(`request ${name}`),
    requestUriHash: hash(`request uri ${name}`),
    clientId: clientId(client),
    now: at(1),
    ...more,
  }
}

/** One browser's way through it. */
export function anInteraction(name: string, browser: string, more: Partial<InteractionRow> = {}): InteractionRow {
  return {
    id: id(`interaction ${name} ${browser}`),
    requestId: id(`request ${name}`),
    browserHash: hash(`browser ${browser}`),
    startedAt: at(1),
    expiresAt: at(601),
    signedIn: undefined,
    decision: undefined,
    ...more,
  }
}

/** What the person allowed. */
export function anApproval(name: string, person: string, more: Partial<Approval> = {}): Approval {
  return {
    codeHash: hash(`code ${name}`),
    codeExpiresAt: at(70),
    grantRef: ref(`grant ${name}`),
    subject: subject(`sub-${person}`),
    scope: ['openid', 'accounts'],
    resources: [resourceIdentifier('https://api.example')],
    details: [aDetail(name)],
    authTime: at(5),
    acr: 'urn:strongroom:acr:password',
    amr: ['pwd'],
    sid: id('sign-in'),
    ...more,
  }
}

/** The grant on it. */
export function aGrant(name: string, client: string, person: string, more: Partial<Grant> = {}): Grant {
  return {
    ref: ref(`grant ${name}`),
    clientId: clientId(client),
    subject: subject(`sub-${person}`),
    scope: ['openid', 'accounts'],
    resources: [resourceIdentifier('https://api.example')],
    details: [aDetail(name)],
    createdAt: at(10),
    lastUsedAt: undefined,
    expiresAt: at(400),
    revokedAt: undefined,
    authTime: at(5),
    acr: 'urn:strongroom:acr:password',
    amr: ['pwd'],
    sid: id('sign-in'),
    claims: noRequestedClaims,
    ...more,
  }
}

/** Presenting the code, rightly. */
export function aRedemption(name: string, client: string, more: Partial<RedemptionAttempt> = {}): RedemptionAttempt {
  return {
    id: id(`request ${name}`),
    codeHash: hash(`code ${name}`),
    clientId: clientId(client),
    redirectUri: `https://${client}.example/cb`,
    codeChallenge: codeChallenge(hash(`verifier ${name}`)),
    dpopJkt: jwkThumbprint(hash(`key ${name}`)),
    resources: [],
    now: at(20),
    refreshToken: undefined,
    ...more,
  }
}

/** A refresh token that a redemption may earn. */
export function anOffer(name: string, more: Partial<RefreshTokenOffer> = {}): RefreshTokenOffer {
  return {
    id: id(`refresh token ${name}`),
    secretHash: hash(`refresh secret ${name}`),
    createdAt: at(20),
    expiresAt: at(1020),
    idleExpiresAt: at(220),
    ...more,
  }
}

/** Presenting it, rightly. */
export function aRefresh(name: string, client: string, more: Partial<RefreshAttempt> = {}): RefreshAttempt {
  return {
    id: id(`refresh token ${name}`),
    secretHash: hash(`refresh secret ${name}`),
    clientId: clientId(client),
    now: at(30),
    idleExpiresAt: at(230),
    ...more,
  }
}

/** An access token, as far as its standing is judged. */
export function aToken(jti: string, client: string, grant?: string) {
  const grantOf = grant === undefined ? undefined : ref(`grant ${grant}`)
  return { jti: hash(jti), grantRef: grantOf, clientId: clientId(client), issuedAt: at(15) }
}

/** A signing key. */
export function aKey(kid: string, more: Partial<StoredKey> = {}): StoredKey {
  return {
    kid,
    alg: 'ES256',
    sealedPrivateKey: `sealed ${kid}`,
    createdAt: at(0),
    activeFrom: at(300),
    publishedUntil: undefined,
    ...more,
  }
}

/** Something for the trail. */
export function anEvent(name: string, more: Partial<NewSecurityEvent> = {}): NewSecurityEvent {
  return {
    id: `event-${name}`,
    time: at(7),
    type: 'dpop.proof.replayed',
    severity: 'critical',
    outcome: 'blocked',
    reason: 'dpop_replayed',
    endpoint: 'token',
    correlationId: correlationId(`correlation-${name}`.padEnd(20, '-')),
    clientId: clientId('shop'),
    subjectRef: hash(`subject of ${name}`),
    grantRef: ref(name),
    peerAddress: '127.0.0.1',
    evidence: { jkt: hash('a key'), count: 3 },
    status: 400,
    dedupe: { count: 2, first: at(6), last: at(7) },
    attacks: ['AT-01', 'AT-02'],
    ...more,
  }
}

/** A sign-in. */
export function aSession(name: string, person: string, more: Partial<Session> = {}): Session {
  return {
    id: id(`session ${name}`),
    sid: id(`sid ${name}`),
    secretHash: hash(`secret ${name}`),
    subject: subject(`sub-${person}`),
    authTime: at(5),
    acr: 'urn:strongroom:acr:password',
    amr: ['pwd'],
    expiresAt: at(3600),
    device: 'Firefox on Linux',
    ...more,
  }
}

/** A passkey that has been used five times. */
export function aPasskey(name: string, person: string, more: Partial<Passkey> = {}): Passkey {
  return {
    credentialId: hash(`credential ${name}`),
    subject: subject(`sub-${person}`),
    publicKey: hash(`public key ${name}`),
    signCount: 5,
    transports: ['usb', 'nfc'],
    backup: 'device_bound',
    name: `Key ${name}`,
    createdAt: at(0),
    lastUsedAt: undefined,
    ...more,
  }
}

/** A used proof. */
export function aProof(jti: string, more: Partial<Once> = {}): Once {
  return { purpose: 'dpop_proof', owner: hash('a key'), name: hash(jti), expiresAt: at(95), ...more }
}

/** A request of client `shop` for person `ada`, opened in two browsers. */
export async function opened(store: Store, name: string): Promise<void> {
  await store.users.add(aUser('ada'))
  await store.clients.add(aClient('shop'))
  await store.requests.push(aRequest(name, 'shop'))
  for (const browser of ['first', 'second']) {
    const opening = await store.requests.open(anOpening(name, 'shop'), anInteraction(name, browser))
    assert.equal(opening.outcome, 'opened')
  }
}

/** What may differ in an approval and in its grant alike. */
export type Allowed = Partial<Pick<Grant, 'scope' | 'resources' | 'sid'>> & {
  readonly grant?: Partial<Grant>
}

/** Approves it in one of them. */
export async function approveIn(store: Store, name: string, browser: string, { grant, ...allowed }: Allowed = {}) {
  const interaction = id(`interaction ${name} ${browser}`)
  const given = aGrant(name, 'shop', 'ada', { ...allowed, ...grant })
  return store.requests.approve(interaction, anApproval(name, 'ada', allowed), given, at(10), 'asked')
}

/** A request that was approved in the first browser. */
export async function approved(store: Store, name: string, allowed: Allowed = {}): Promise<void> {
  await opened(store, name)
  assert.equal(await approveIn(store, name, 'first', allowed), 'approved')
}
