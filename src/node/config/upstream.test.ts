import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, configJsonSchema, loadConfig } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-upstream-'))
const sealing = 'A'.repeat(43)
const acme = {
  id: 'acme',
  name: 'Acme',
  issuer: 'https://id.acme.example',
  clientId: 'strongroom',
  clientSecret: 'a secret of the two of us',
}
const pem = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
)
writeFileSync(join(directory, 'acme.pem'), pem)
writeFileSync(join(directory, 'acme.secret'), 'of a file\n')

function load(signIn: unknown, issuer = 'https://as.example/base', flags: Record<string, string> = {}) {
  const file = join(directory, 'strongroom.yaml')
  writeFileSync(file, JSON.stringify({ issuer, keys: { sealing }, ...(signIn === undefined ? {} : { signIn }) }))
  return loadConfig({ file, env: {}, flags })
}

function problems(signIn: unknown, issuer?: string, flags?: Record<string, string>): readonly string[] {
  try {
    load(signIn, issuer, flags)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    assert.ok(!error.message.includes(acme.clientSecret) && !error.message.includes('PRIVATE'))
    return error.lines
  }
  return []
}

test('nobody signs in elsewhere unless that is configured', () => {
  const config = load(undefined)
  assert.deepEqual([config.upstream, config.server.passwordSignIn], [[], 'offered'])
})

test('the smallest provider gets every default, and an address of its own to answer at', () => {
  const { upstream, server } = load({ upstream: [acme], passwords: 'none' })
  const [provider] = upstream
  assert.equal(server.passwordSignIn, 'none')
  const { authentication, ...rest } = provider ?? assert.fail()
  assert.deepEqual(rest, {
    id: 'acme',
    name: 'Acme',
    issuer: 'https://id.acme.example',
    clientId: 'strongroom',
    redirectUri: 'https://as.example/base/upstream/acme/callback',
    scope: ['openid', 'profile', 'email'],
    claims: { username: 'preferred_username', name: 'name', email: 'email' },
    acr: {},
    origins: [],
  })
  assert.equal(authentication.method, 'client_secret_basic')
  assert.ok('secret' in authentication)
  assert.equal(authentication.secret.reveal(), acme.clientSecret)
  assert.ok(!JSON.stringify(provider).includes(acme.clientSecret))
})

test('secrets and keys come from files, names in several languages, and claims as they are called there', () => {
  const { clientSecret: _, ...rest } = acme
  const { upstream } = load({
    upstream: [
      { ...acme, clientSecret: '${file:acme.secret}', authentication: 'client_secret_post' },
      {
        ...rest,
        id: 'acme-2',
        name: { en: 'Acme', 'de-AT': 'Die Acme' },
        privateKey: '${file:acme.pem}',
        keyId: 'one',
        scope: ['openid'],
        claims: { username: 'upn' },
        acr: { 'urn:acme:gold': 'phr' },
        origins: ['https://login.acme.example'],
      },
    ],
  })
  const [bySecret, byKey] = upstream.map(({ authentication }) => authentication)
  assert.ok(bySecret !== undefined && 'secret' in bySecret && byKey !== undefined && 'key' in byKey)
  assert.deepEqual([bySecret.method, bySecret.secret.reveal()], ['client_secret_post', 'of a file'])
  assert.deepEqual([byKey.method, byKey.key.reveal(), byKey.keyId], ['private_key_jwt', pem.trimEnd(), 'one'])
  assert.deepEqual(upstream[1]?.claims, { username: 'upn', name: 'name', email: 'email' })
  assert.deepEqual(upstream[1]?.name, { en: 'Acme', 'de-AT': 'Die Acme' })
})

const wrong: readonly (readonly [what: string, change: Readonly<Record<string, unknown>>, line: RegExp])[] = [
  ['an id with capitals', { id: 'Acme' }, /^signIn\.upstream\[0\]\.id: must be 1 to 20 of a to z/],
  ['an id that is too long', { id: 'a'.repeat(21) }, /^signIn\.upstream\[0\]\.id: must be/],
  ['an id that leads elsewhere', { id: '../x' }, /^signIn\.upstream\[0\]\.id: must be/],
  ['no name', { name: {} }, /^signIn\.upstream\[0\]\.name: must have a text/],
  ['a name with control characters', { name: 'A\u202eB' }, /^signIn\.upstream\[0\]\.name: must not hold control/],
  ['no URL', { issuer: 'acme' }, /^signIn\.upstream\[0\]\.issuer: must be an https URL/],
  ['an issuer in the clear', { issuer: 'http://id.acme.example' }, /^signIn\.upstream\[0\]\.issuer: must be an https/],
  ['http beside https', { issuer: 'http://127.0.0.1:9' }, /^signIn\.upstream\[0\]: must be https throughout/],
  ['this server', { issuer: 'https://as.example/base' }, /^signIn\.upstream\[0\]\.issuer: is this server itself/],
  ['no way to authenticate', { clientSecret: undefined }, /^signIn\.upstream\[0\]: needs clientSecret or privateKey$/],
  ['two ways', { privateKey: pem }, /^signIn\.upstream\[0\]: needs clientSecret or privateKey, not both/],
  ['no key', { clientSecret: undefined, privateKey: 'x' }, /^signIn\.upstream\[0\]\.privateKey: must be a private key/],
  [
    'a weak key',
    {
      clientSecret: undefined,
      privateKey: String(
        generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      ),
    },
    /^signIn\.upstream\[0\]\.privateKey: must be a private key/,
  ],
  [
    'a key that is sent',
    { clientSecret: undefined, privateKey: pem, authentication: 'client_secret_post' },
    /^signIn\.upstream\[0\]\.authentication: is how a secret is sent/,
  ],
  ['a key id without a key', { keyId: 'x' }, /^signIn\.upstream\[0\]\.keyId: has no meaning/],
  ['no openid', { scope: ['profile'] }, /^signIn\.upstream\[0\]\.scope: must list openid/],
  ['an origin with a path', { origins: ['https://x.example/'] }, /^signIn\.upstream\[0\]\.origins\[0\]: must be an/],
  ['everybody', { origins: ['*'] }, /^signIn\.upstream\[0\]\.origins\[0\]: must be an https origin/],
  ['every host', { origins: ['https://*'] }, /^signIn\.upstream\[0\]\.origins\[0\]: must be an https origin/],
  ['no host', { origins: ['https://x;y'] }, /^signIn\.upstream\[0\]\.origins\[0\]: must be an https origin/],
  [
    'a context of ours',
    { acr: { gold: 'urn:strongroom:acr:password' } },
    /^signIn\.upstream\[0\]\.acr\.gold: is a name of this server: a sign-in elsewhere is urn:strongroom:acr:upstream/,
  ],
  ['ours in capitals', { acr: { gold: 'URN:Strongroom:acr:password' } }, /\.acr\.gold: is a name of this server/],
  ['almost ours', { acr: { gold: 'urn:strongroom:acr:upstream2' } }, /\.acr\.gold: is a name of this server/],
  ['a key that is none', { client_secret: 'x' }, /^signIn\.upstream\[0\]\.client_secret: is not a key here/],
]
for (const [what, change, line] of wrong) {
  test(`a provider is refused: ${what}`, () => {
    const lines = problems({ upstream: [{ ...acme, ...change }] })
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0] ?? '', line)
    assert.deepEqual(problems({ upstream: [acme] }), [])
  })
}

test('what a sign-in elsewhere is worth may be said in any words but ours', () => {
  const acr = {
    gold: 'phr',
    silver: 'urn:strongroom:acr:upstream',
    'urn:strongroom:acr:password': 'urn:example:bronze',
  }
  assert.deepEqual(load({ upstream: [{ ...acme, acr }] }).upstream[0]?.acr, acr)
})

test('what fits only together', () => {
  assert.match(problems({ passwords: 'none' }).join('\n'), /^signIn\.passwords: must be offered/)
  assert.match(problems({ upstream: [acme, acme] }).join('\n'), /^signIn\.upstream\[1\]\.id: stands at/)
  assert.deepEqual(problems({ passwords: 'offered' }), [])
  const local = { ...acme, issuer: 'http://127.0.0.1:9999' }
  assert.deepEqual(problems({ upstream: [local] }, 'http://localhost:4400'), [])
  const flags = { 'signIn.upstream': JSON.stringify([acme]) }
  assert.match(problems({}, undefined, flags).join('\n'), /^signIn\.upstream: is a secret/)
})

test('editors know the keys', () => {
  const schema = JSON.stringify(configJsonSchema())
  for (const key of ['passwords', 'upstream', 'clientSecret', 'privateKey', 'origins']) assert.ok(schema.includes(key))
})
