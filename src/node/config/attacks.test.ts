import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuardPolicyError, type GuardPolicyInput, parseGuardPolicy } from '../../guard/policy.ts'
import { Secret } from '../../core/names.ts'
import { createSealing } from '../keys/sealing.ts'
import { SigningKeysUnavailable } from '../keys/unavailable.ts'
import { random } from '../runtime.ts'
import { ConfigError, loadConfig } from './index.ts'

const sealing = 'c3Ryb25ncm9vbS10ZXN0LWtleS1ub3QtZm9yLXVzZSE'
const safe = { issuer: 'https://id.example', 'store.kind': 'memory' } as const

/** What stops the start with these flags. */
function problemsOf(flags: Readonly<Record<string, string>>, env: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig({ file: undefined, env, flags: { ...safe, ...flags } })
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.lines
  }
}

/** What an operator may be tempted to, and the key that the refusal names. */
const insecure: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
  [{ issuer: 'http://id.example' }, 'issuer'],
  [{ issuer: 'http://192.168.1.1' }, 'issuer'],
  [{ 'listen.host': '0.0.0.0' }, 'listen'],
  [{ 'listen.trustedPeers': '["0.0.0.0/0"]' }, 'listen.trustedPeers'],
  [{ 'listen.trustedPeers': '["::/0"]' }, 'listen.trustedPeers'],
  [{ 'listen.trustedPeers': '["*"]' }, 'listen.trustedPeers'],
  [{ 'listen.tls.minVersion': 'TLSv1.1' }, 'listen.tls'],
  [{ 'keys.algorithms': '["RS256"]' }, 'keys.algorithms'],
  [{ 'keys.algorithms': '["none"]' }, 'keys.algorithms'],
  [{ jwks: '{"keys":[]}' }, 'jwks'],
  [{ fapi: 'false' }, 'fapi'],
  [{ rejectUnauthorized: 'false' }, 'rejectUnauthorized'],
  [{ demoUser: 'alice' }, 'demoUser'],
]

for (const [flags, named] of insecure) {
  test(`[LV-37] the server does not start with ${JSON.stringify(flags)}, and says which key it is`, () => {
    const problems = problemsOf(flags)
    assert.ok(problems.length > 0)
    assert.ok(
      problems.some((line) => line.includes(named)),
      problems.join('\n'),
    )
    assert.deepEqual(problemsOf({}), [])
  })
}

test('[LV-37] a store that lasts has a sealing key of the operator: none, a short one and a sample are none', () => {
  const sqlite = { 'store.kind': 'sqlite', 'store.path': '/nowhere/strongroom.db' }
  for (const key of [undefined, '', 'changeme', 'secret', 'A'.repeat(42)]) {
    const problems = problemsOf(sqlite, key === undefined ? {} : { STRONGROOM_KEYS__SEALING: key })
    assert.ok(
      problems.some((line) => /keys\.sealing|STRONGROOM_KEYS__SEALING/.test(line)),
      `${key}: ${problems.join('; ')}`,
    )
  }
  // A reference that nobody resolved passes for text; it seals nothing.
  assert.throws(() => createSealing(new Secret('${KEY}'), random), SigningKeysUnavailable)
  createSealing(new Secret(sealing), random)
  assert.deepEqual(problemsOf(sqlite, { STRONGROOM_KEYS__SEALING: sealing }), [])
})

test('[LV-37] plain http is for development on this machine, and then for nobody else', () => {
  const local = { issuer: 'http://localhost:4400' }
  assert.equal(loadConfig({ file: undefined, env: {}, flags: { ...safe, ...local } }).mode, 'development_loopback')
  for (const host of ['0.0.0.0', '192.168.1.1', '::'])
    assert.ok(problemsOf({ ...local, 'listen.host': host }).length > 0)
})

const policy = {
  resource: 'https://api.example',
  name: 'An API',
  publicUrl: 'https://api.example',
  issuers: ['https://as.example'],
  routes: [{ methods: ['GET'], path: '/', scope: ['read'], speaksFor: 'anyone' }],
} as const satisfies GuardPolicyInput

test('[LV-37] a guard trusts no issuer over http and guards no API there', () => {
  const careless: readonly (readonly [Partial<GuardPolicyInput>, string])[] = [
    [{ issuers: ['http://as.example'] }, 'issuers'],
    [{ issuers: [] }, 'issuers'],
    [{ publicUrl: 'http://api.example' }, 'publicUrl'],
    [{ resource: 'http://api.example', publicUrl: 'http://api.example' }, 'resource'],
  ]
  for (const [changes, member] of careless) {
    assert.throws(
      () => parseGuardPolicy({ ...policy, ...changes }),
      (error) => error instanceof GuardPolicyError && error.member.startsWith(member),
      member,
    )
  }
  assert.equal(parseGuardPolicy(policy).issuers.length, 1)
})
