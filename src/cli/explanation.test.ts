import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientDefaults, type ClientRecord } from '../core/client.ts'
import { clientId, issuer, numericDate, resourceIdentifier } from '../core/names.ts'
import { standardLifetimes, standardLimits } from '../core/profile.ts'
import type { RuleSlug } from '../core/rules.ts'
import { explain } from './explanation.ts'

const app: ClientRecord = {
  ...clientDefaults,
  clientId: clientId('app'),
  name: 'App',
  redirectUris: ['https://app.example/callback'],
  grantTypes: ['authorization_code'],
  scope: ['openid', 'accounts'],
  notBefore: numericDate(0),
  createdAt: numericDate(1),
}

function explained(changes: Partial<ClientRecord>) {
  const { facts, rules } = explain(
    { ...app, ...changes },
    {
      issuer: issuer('https://as.example'),
      apis: [],
      lifetimes: standardLifetimes,
      limits: standardLimits,
      mutualTlsOrigin: undefined,
      signInApp: undefined,
      passwordSignIn: 'offered',
      demoUser: undefined,
    },
  )
  const has = (rule: RuleSlug) => rules.some((one) => one.rule === rule)
  return { facts, rules, has, value: (what: string) => facts.find((fact) => fact.what === what)?.value }
}

test('only the rules of what a client does apply to it', () => {
  const plain = explained({})
  assert.ok(plain.has('client_assertion_replayed') && plain.has('dpop_proof_missing') && plain.has('code_replayed'))
  assert.ok(!plain.has('client_certificate_untrusted') && !plain.has('binding_certificate_missing'))
  const byName = explained({
    authMethod: 'tls_client_auth',
    certificateName: { kind: 'dns', value: 'app.example' },
    binding: 'certificate',
  })
  assert.ok(byName.has('client_certificate_untrusted') && byName.has('binding_certificate_missing'))
  assert.ok(!byName.has('client_certificate_unknown') && !byName.has('client_assertion_replayed'))
  assert.ok(!byName.has('dpop_proof_missing') && byName.has('dpop_signature_invalid'))
  const machine = explained({ grantTypes: ['client_credentials'], redirectUris: [], scope: ['accounts'] })
  assert.ok(!machine.has('code_replayed') && !machine.has('redirect_uri_unregistered'))
  assert.deepEqual([...new Set(machine.rules.map(({ step }) => step))], ['token', 'revocation'])
})

test('a resource server meets the rules of introspection and nothing else', () => {
  const bank = explained({ role: { kind: 'resource_server', resource: resourceIdentifier('https://bank.example') } })
  assert.deepEqual([...new Set(bank.rules.map(({ step }) => step))], ['introspection'])
  assert.equal(bank.value('role'), 'asks about tokens for https://bank.example')
  assert.equal(bank.value('PKCE'), undefined)
})

test('a sign-in application meets the rules of decisions and nothing else', () => {
  const app = explained({ role: { kind: 'sign_in_app' } })
  assert.deepEqual([...new Set(app.rules.map(({ step }) => step))], ['decision'])
  assert.ok(app.has('decision_too_old') && app.has('client_assertion_replayed') && !app.has('code_replayed'))
  assert.equal(app.value('role'), 'signs people in and decides for them')
  assert.equal(app.value('PKCE'), undefined)
})

test('every fact names who decided it, and the clause', () => {
  const { facts, value } = explained({ subjectType: 'pairwise' })
  for (const { what, source, clause } of facts) {
    assert.ok(clause !== '' && ['profile', 'registration', 'configuration'].includes(source), what)
  }
  assert.deepEqual([value('PKCE'), value('subjects'), value('code lifetime')], ['S256', 'pairwise', '60 s'])
})
