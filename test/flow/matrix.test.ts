import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { after, before, mock, test } from 'node:test'
import { parseCompactJws } from '../../src/core/jose.ts'
import { type JsonObject, keysOf } from '../../src/core/names.ts'
import type { Signer } from '../../src/core/ports.ts'
import { createVerifier } from '../../src/node/runtime.ts'
import { aScene, kinds, type Kind, type Place, places, type PlaceName, type Scene } from './jwt-crossing.ts'
import { aRawJws, claimsOf, headerOf } from './messages.ts'
import { dawn, theBank, theIssuer } from './world.ts'

// The client's library asks the machine for the time.
before(() => mock.timers.enable({ apis: ['Date'], now: dawn * 1000 }))
after(() => mock.timers.reset())

/** What one place makes of every kind. */
type Row = Readonly<Record<Kind, string>>

const kindNames = keysOf(kinds)
const placeNames = keysOf(places)

/** The same for all kinds but some. */
function row(otherwise: string, exceptions: Partial<Row>): Row {
  return { ...(Object.fromEntries(kindNames.map((kind) => [kind, otherwise])) as Row), ...exceptions }
}

// A typ of `JWT`, or none, is what most libraries write into an assertion: there the names of the parties decide.
const asAssertion = row('client_assertion_typ_wrong', {
  'client assertion': 'accepted',
  'ID token': 'client_assertion_issuer_subject_mismatch',
  'ID token that expired': 'client_assertion_issuer_subject_mismatch',
  'signed userinfo': 'client_assertion_issuer_subject_mismatch',
  'authorization response': 'client_assertion_claim_missing',
  'encrypted ID token': 'client_assertion_malformed',
})

const asProof = row('dpop_typ_wrong', {
  'proof with ath': 'accepted',
  'proof without ath': 'accepted',
  'encrypted ID token': 'dpop_proof_malformed',
})

const asProofOfToken: Row = { ...asProof, 'proof without ath': 'dpop_ath_missing' }

const asToken = row('access_token_typ_wrong', {
  'access token bound to a key': 'accepted',
  'access token bound to a certificate': 'certificate_bound_token_sent_as_dpop',
  'access token of a client alone': 'access_token_audience_mismatch',
  'encrypted ID token': 'access_token_malformed',
})

const asBearer: Row = {
  ...asToken,
  'access token bound to a key': 'bound_token_sent_as_bearer',
  'access token bound to a certificate': 'accepted',
}

const asHint = row('id_token_hint_invalid', { 'ID token': 'accepted', 'ID token that expired': 'accepted' })

const accessTokens = {
  'access token bound to a key': 'accepted',
  'access token bound to a certificate': 'accepted',
  'access token of a client alone': 'accepted',
} as const

const strangersJwts = {
  'client assertion': 'nothing of ours',
  'proof with ath': 'nothing of ours',
  'proof without ath': 'nothing of ours',
  'request object': 'nothing of ours',
  'encrypted ID token': 'nothing of ours',
} as const

const matrix = {
  'client_assertion at PAR': asAssertion,
  'client_assertion at the token endpoint': asAssertion,
  'client_assertion at introspection': asAssertion,
  'client_assertion at revocation': asAssertion,
  'DPoP at PAR': asProof,
  'DPoP at the token endpoint': asProof,
  'DPoP at userinfo': asProofOfToken,
  'DPoP at the guard': asProofOfToken,
  'Authorization: DPoP at userinfo': asToken,
  'Authorization: DPoP at the guard': { ...asToken, 'access token of a client alone': 'person_required' },
  'Authorization: Bearer at userinfo': asBearer,
  'Authorization: Bearer at the guard': {
    ...asBearer,
    'access token of a client alone': 'bound_token_sent_as_bearer',
  },
  'token at introspection': row('inactive', accessTokens),
  'token at revocation': row('token_type_not_revocable', { ...accessTokens, ...strangersJwts }),
  'id_token_hint at PAR': asHint,
  'id_token_hint at sign-out': asHint,
  'request at PAR': row('request_object_unsupported', {}),
  'ID token at the client': row('id_token_invalid', { 'ID token': 'accepted' }),
  'response at the client': row('response_malformed', {}),
  'signed userinfo at the client': row('response_unusable', { 'signed userinfo': 'accepted' }),
  'logout token at the client': row('typ_wrong', {
    'logout token': 'accepted',
    // Servers need not write the typ of a logout token: what is in it decides.
    'signed userinfo': 'events_wrong',
    'authorization response': 'events_wrong',
    'encrypted ID token': 'not verifiable',
  }),
} as const satisfies Record<PlaceName, Row>

/** Presents one kind at one place. */
async function cross(scene: Scene, kind: Kind, place: Place): Promise<string> {
  const errand = await place.errand(scene)
  return place.present(scene, await kinds[kind](scene, errand), errand)
}

/** The cells of one place that are not as they must be. */
async function disagreements(scene: Scene, name: string, place: Place, expected: Row): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const kind of kindNames) {
    const outcome = await cross(scene, kind, place)
    if (outcome !== expected[kind]) wrong.push(`${kind} → ${name}: ${outcome} instead of ${expected[kind]}`)
  }
  return wrong
}

for (const name of placeNames) {
  const asked = matrix[name]
  const fitting = kindNames.filter((kind) => asked[kind] === 'accepted')
  test(`[KEY-05] [SK-26] ${name} takes ${fitting.join(', ') || 'no JWT at all'}, and no other kind`, async () => {
    const scene = await aScene()
    assert.deepEqual(await disagreements(scene, name, places[name], asked), [])
    // Whatever came before, the honest one still passes.
    for (const kind of fitting) assert.equal(await cross(scene, kind, places[name]), 'accepted', kind)
  })
}

/** An API that verifies signature, issuer and audience, and believes that this is enough. */
const careless: Place = {
  errand: places['Authorization: Bearer at the guard'].errand,
  present: async ({ world }, { text }) => {
    try {
      const jws = parseCompactJws(text)
      const verify = createVerifier({ cacheSize: 1 })
      const { iss, aud } = jws.payload
      const signatures = world.serverKeys.map(({ key }) => verify(jws, key))
      const isForUs = iss === theIssuer && [aud].flat().includes(theBank)
      return signatures.includes(true) && isForUs ? 'accepted' : 'access_token_typ_wrong'
    } catch {
      return 'access_token_malformed'
    }
  },
}

test('[KEY-05] a verifier that ignores typ does not get past the matrix', async () => {
  const expected = { ...row('access_token_typ_wrong', accessTokens), 'encrypted ID token': 'access_token_malformed' }
  assert.deepEqual(await disagreements(await aScene(), 'a careless API', careless, expected), [
    'introspection answer → a careless API: accepted instead of access_token_typ_wrong',
  ])
})

/** What is right at a place, who signs it, and under which typs it is taken. */
type Honest = { readonly kind: Kind; readonly signedBy: Signatory; readonly typs: readonly unknown[] }
type Signatory = 'client' | 'resource server' | 'party' | 'server'

const assertionTyps = [undefined, 'JWT', 'client-authentication+jwt']
const anAssertionBy = (signedBy: Signatory): Honest => ({ kind: 'client assertion', signedBy, typs: assertionTyps })
const aProofHere: Honest = { kind: 'proof with ath', signedBy: 'party', typs: ['dpop+jwt'] }
const aTokenTyp = ['at+jwt', 'application/at+jwt', 'AT+JWT']
const aKeyToken: Honest = { kind: 'access token bound to a key', signedBy: 'server', typs: aTokenTyp }
const aHint: Honest = { kind: 'ID token', signedBy: 'server', typs: ['JWT'] }

const everyTyp = [
  undefined,
  '',
  'JWT',
  'jwt',
  'JOSE',
  'at+jwt',
  'AT+JWT',
  'application/at+jwt',
  'at+jwt ',
  'dpop+jwt',
  'DPoP+JWT',
  'application/dpop+jwt',
  'client-authentication+jwt',
  'application/client-authentication+jwt',
  'logout+jwt',
  'application/logout+jwt',
  'oauth-authz-req+jwt',
  'token-introspection+jwt',
  'entity-statement+jwt',
  'secevent+jwt',
  7,
  ['at+jwt'],
]

const honest = {
  'client_assertion at PAR': anAssertionBy('client'),
  'client_assertion at the token endpoint': anAssertionBy('client'),
  'client_assertion at introspection': anAssertionBy('resource server'),
  'client_assertion at revocation': anAssertionBy('client'),
  'DPoP at PAR': aProofHere,
  'DPoP at the token endpoint': aProofHere,
  'DPoP at userinfo': aProofHere,
  'DPoP at the guard': aProofHere,
  'Authorization: DPoP at userinfo': aKeyToken,
  'Authorization: DPoP at the guard': aKeyToken,
  'Authorization: Bearer at userinfo': { ...aKeyToken, kind: 'access token bound to a certificate' },
  'Authorization: Bearer at the guard': { ...aKeyToken, kind: 'access token bound to a certificate' },
  'token at introspection': aKeyToken,
  'token at revocation': aKeyToken,
  'id_token_hint at PAR': aHint,
  'id_token_hint at sign-out': aHint,
  'request at PAR': { kind: 'request object', signedBy: 'client', typs: [] },
  'ID token at the client': { kind: 'ID token', signedBy: 'server', typs: [undefined, 'JWT', 'jwt'] },
  'response at the client': { kind: 'authorization response', signedBy: 'server', typs: [] },
  // OIDC Core has no typ for them either; our server writes none.
  'signed userinfo at the client': { kind: 'signed userinfo', signedBy: 'server', typs: everyTyp },
  'logout token at the client': {
    kind: 'logout token',
    signedBy: 'server',
    typs: [undefined, 'logout+jwt', 'application/logout+jwt'],
  },
} as const satisfies Record<PlaceName, Honest>

function signerOf({ world, party }: Scene, signedBy: Signatory): Signer {
  const [server] = world.serverKeys
  assert.ok(server)
  const all = { client: world.client, 'resource server': world.bankServer, party, server }
  return all[signedBy].signer
}

/** The honest JWT of a place, with another header, signed again. */
async function changedAt(scene: Scene, name: PlaceName, { kind }: Honest, header: JsonObject, signer: Signer) {
  const place: Place = places[name]
  const errand = await place.errand(scene)
  const made = await kinds[kind](scene, errand)
  const written = JSON.stringify({ ...headerOf(made.text), ...header })
  const text = await aRawJws(written, JSON.stringify(claimsOf(made.text)), signer)
  return place.present(scene, { ...made, text }, errand)
}

test('[KEY-05] [SK-26] the right claims and the right key under the typ of another kind', async () => {
  const scene = await aScene()
  for (const name of placeNames) {
    const right: Honest = honest[name]
    for (const typ of everyTyp) {
      const outcome = await changedAt(scene, name, right, { typ }, signerOf(scene, right.signedBy))
      const fits = right.typs.some((known) => known === typ)
      assert.equal(outcome === 'accepted', fits, `typ ${JSON.stringify(typ)} → ${name}: ${outcome}`)
    }
  }
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
const ed448 = generateKeyPairSync('ed448').privateKey
const bytes = (text: string) => Buffer.from(text)

/** Honestly computed signatures of algorithms that are none of the profile. */
const foreign: Readonly<Record<string, (input: string) => Uint8Array>> = {
  RS256: (input) => sign('sha256', bytes(input), rsa),
  PS384: (input) => sign('sha384', bytes(input), { key: rsa, padding: 6, saltLength: 48 }),
  ES384: (input) => sign('sha384', bytes(input), { key: p384, dsaEncoding: 'ieee-p1363' }),
  ES256K: () => new Uint8Array(64).fill(1),
  HS256: (input) => createHmac('sha256', 'a secret').update(input).digest(),
  Ed448: (input) => sign(null, bytes(input), ed448),
  ML_DSA_44: () => new Uint8Array(1000).fill(1),
  none: () => new Uint8Array(32),
  None: () => new Uint8Array(32),
  nOnE: () => new Uint8Array(0),
  es256: (input) => sign('sha256', bytes(input), rsa),
}

/** What each family of places calls an algorithm it does not know. */
const algorithmRules = [
  [/^client_assertion/, 'client_assertion_algorithm_not_allowed', 'client_assertion_malformed'],
  [/^DPoP/, 'dpop_algorithm_not_allowed', 'dpop_proof_malformed'],
  [/^Authorization/, 'access_token_algorithm_not_allowed', 'access_token_malformed'],
  [/^token at introspection/, 'inactive', 'inactive'],
  [/^token at revocation/, 'nothing of ours', 'nothing of ours'],
  [/^id_token_hint/, 'id_token_hint_invalid', 'id_token_hint_invalid'],
  [/^request at/, 'request_object_unsupported', 'request_object_unsupported'],
  [/^ID token at/, 'id_token_invalid', 'id_token_invalid'],
  [/^response at/, 'response_malformed', 'response_malformed'],
  [/^signed userinfo at/, 'response_unusable', 'response_unusable'],
  [/^logout token/, 'algorithm_not_allowed', 'not verifiable'],
] as const

function algorithmRulesOf(name: PlaceName) {
  const found = algorithmRules.find(([pattern]) => pattern.test(name))
  assert.ok(found, `${name} has no rule for algorithms`)
  return { unknown: found[1], unsigned: found[2] }
}

test('[KEY-01] [KEY-02] no place takes an algorithm outside the profile, none in any spelling, or no signature', async () => {
  const scene = await aScene()
  for (const name of placeNames) {
    const right: Honest = honest[name]
    const { unknown, unsigned } = algorithmRulesOf(name)
    for (const [alg, signing] of Object.entries(foreign)) {
      const signer = { alg: 'ES256', kid: undefined, sign: signing } as const
      const outcome = await changedAt(scene, name, right, { alg }, signer)
      assert.equal(outcome, alg === 'nOnE' ? unsigned : unknown, `${alg} → ${name}`)
    }
    const { alg, kid } = signerOf(scene, right.signedBy)
    const empty = { alg, kid, sign: () => new Uint8Array(0) }
    assert.equal(await changedAt(scene, name, right, {}, empty), unsigned, `no signature → ${name}`)
  }
})

const root = new URL('../../', import.meta.url)
const sources = globSync('src/**/*.ts', { cwd: root })
  .filter((path) => !/\.test(-support)?\.ts$/.test(path))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(new URL(path, root), 'utf8') }))

/** The typ of everything that is signed in the source, and the kind of the matrix it is. */
const kindOfTyp: Readonly<Record<string, Kind>> = {
  'client-authentication+jwt': 'client assertion',
  'dpop+jwt': 'proof with ath',
  'at+jwt': 'access token bound to a key',
  'logout+jwt': 'logout token',
  JWT: 'ID token',
  'no typ': 'signed userinfo',
}

/** Every file that takes a JWT apart, or has it done, and a place of the matrix that leads there. */
const placeOfFile: Readonly<Record<string, readonly PlaceName[]>> = {
  'src/core/client-assertion.ts': ['client_assertion at PAR'],
  'src/core/dpop.ts': ['DPoP at PAR', 'DPoP at the guard'],
  'src/core/access-token.ts': ['Authorization: DPoP at userinfo', 'token at introspection'],
  'src/core/id-token.ts': ['id_token_hint at PAR', 'id_token_hint at sign-out'],
  'src/core/logout-token.ts': ['logout token at the client'],
  'src/server/endpoints/revocation.ts': ['token at revocation'],
  'src/client/id-token.ts': ['ID token at the client'],
  'src/client/resource.ts': ['signed userinfo at the client'],
  'src/client/tokens.ts': ['ID token at the client'],
  'src/client/logout-receiver.ts': ['logout token at the client'],
}

test('[KEY-05] the matrix knows every kind that is signed and every file that takes one', () => {
  const typs = new Set(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/\bsignJwt\(\s*\{([^}]*)\}/g)].map(
        ([, header = '']) => /\btyp: '([^']+)'/.exec(header)?.[1] ?? 'no typ',
      ),
    ),
  )
  assert.deepEqual([...typs].toSorted(), Object.keys(kindOfTyp).toSorted(), 'a kind without a column')
  for (const [typ, kind] of Object.entries(kindOfTyp)) assert.ok(kind in kinds, typ)

  const takes =
    /\b(parseCompactJws\(|compactVerify\(|jwtVerify\(|validateApplicationLevelSignature|validateJwtAuthResponse)/
  const consumers = sources.filter(({ path, text }) => path !== 'src/core/jose.ts' && takes.test(text))
  assert.deepEqual(consumers.map(({ path }) => path).toSorted(), Object.keys(placeOfFile).toSorted(), 'a missing place')
  for (const [file, names] of Object.entries(placeOfFile)) {
    for (const name of names) assert.ok(name in places, `${file}: ${name}`)
  }
  assert.deepEqual(Object.keys(matrix).toSorted(), Object.keys(places).toSorted())
})
