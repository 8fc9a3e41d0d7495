import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientId,
  issuer,
  MalformedName,
  registeredRedirectUri,
  resourceIdentifier,
  Secret,
  username,
} from './names.ts'

test('[AL-02] a user name has one canonical form, which is its own', () => {
  assert.equal(username(' ＡＬＩＣＥ '), 'alice')
  for (const text of ['Ά\u0345', 'a\u200b', '\ud800', '', 'x'.repeat(65)]) {
    try {
      const canonical = username(text)
      assert.equal(username(canonical), canonical)
    } catch (error) {
      assert.equal(error instanceof Error ? error.name : '', 'MalformedName')
    }
  }
})

const production = issuer('https://as.example')
const development = issuer('http://localhost:4400')
const plain = 'http://127.0.0.1:4600/callback'

test('redirect_uri_unregistered [AS-AUTHZ-05] what was registered for development means nothing to an issuer on https', () => {
  const web = { applicationType: 'web', redirectUris: [plain, 'http://localhost:4600/callback'] } as const
  for (const uri of web.redirectUris) {
    assert.equal(registeredRedirectUri(uri, web, production), undefined)
    assert.equal(registeredRedirectUri(uri, web, development), uri)
  }
  const native = { applicationType: 'native', redirectUris: [plain] } as const
  assert.equal(
    registeredRedirectUri('http://127.0.0.1:51000/callback', native, production),
    'http://127.0.0.1:51000/callback',
  )
})

test('[AS-META-02] an issuer has one spelling, https, and a path without surprises', () => {
  for (const text of [
    'https://as.example',
    'https://as.example/t1',
    'https://as.example:8443',
    'http://localhost:4400',
  ]) {
    assert.equal(issuer(text), text)
  }
  const wrong = [
    'http://as.example',
    'https://as.example?x',
    'https://as.example#x',
    'https://AS.example',
    'https://as.example:443',
    'https://user@as.example',
    'https://as.example/:t',
    'https://as.example/%74',
    'https://as.example/a b',
    'ftp://as.example',
    '',
  ]
  for (const text of wrong) assert.throws(() => issuer(text), MalformedName, text)
})

test('[AS-TOK-09] a resource is an absolute URL without fragment', () => {
  assert.equal(resourceIdentifier('https://api.example/v1?x=1'), 'https://api.example/v1?x=1')
  for (const text of ['foo', 'https://api.example/#a', 'http://api.example', '//api.example']) {
    assert.throws(() => resourceIdentifier(text), MalformedName, text)
  }
})

test('[OPS-03] a secret prints as nothing', () => {
  const secret = new Secret('marker')
  assert.equal(`${String(secret)} ${JSON.stringify({ secret })}`.includes('marker'), false)
  assert.equal(secret.reveal(), 'marker')
  assert.throws(() => clientId('a b'), MalformedName)
})
