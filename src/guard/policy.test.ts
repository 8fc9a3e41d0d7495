import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bankPolicy } from './fixtures.test-support.ts'
import { GuardPolicyError, type GuardPolicyInput, parseGuardPolicy } from './policy.ts'

const [first] = bankPolicy.routes
const local = { ...bankPolicy, resource: 'http://127.0.0.1:4500', publicUrl: 'http://127.0.0.1:4500' }

test('[RS-PRM-02] a good policy is taken as it is', () => {
  const complete = { ...bankPolicy, certificateBoundTokens: 'refused' }
  assert.deepEqual(parseGuardPolicy(bankPolicy), complete)
  assert.deepEqual(parseGuardPolicy(parseGuardPolicy(bankPolicy)), complete)
  assert.equal(parseGuardPolicy({ ...local, publicUrl: 'http://127.0.0.1:4500/' }).publicUrl, local.publicUrl)
})

const broken: Record<string, readonly [member: string, policy: unknown][]> = {
  'is no object': [
    ['policy', undefined],
    ['policy', []],
    ['policy', 'x'],
  ],
  'has an unknown member': [
    ['policy', { ...bankPolicy, mode: 'report' }],
    ['routes[0]', { ...bankPolicy, routes: [{ ...first, public: true }] }],
  ],
  'is not https': [
    ['resource', { ...bankPolicy, resource: 'http://api.example.com/bank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'ftp://api.example.com' }],
    ['issuers[0]', { ...bankPolicy, issuers: ['http://as.example.com'] }],
  ],
  'crosses origins': [
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://other.example.com' }],
    ['publicUrl', { ...local, publicUrl: 'http://127.0.0.1:4501' }],
    ['publicUrl', { ...local, publicUrl: 'http://localhost:4500' }],
  ],
  'has a public URL with more than origin and path': [
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://api.example.com/bank?x' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://api.example.com/bank#x' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://u:p@api.example.com/bank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://API.example.com/bank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://api.example.com/a/../bank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://api.example.com//bank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'https://api.example.com/%62ank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 'bank' }],
    ['publicUrl', { ...bankPolicy, publicUrl: 7 }],
  ],
  'names nobody or somebody twice': [
    ['issuers', { ...bankPolicy, issuers: [] }],
    ['issuers', { ...bankPolicy, issuers: ['https://as.example.com', 'https://as.example.com'] }],
    ['issuers', { ...bankPolicy, issuers: 'https://as.example.com' }],
  ],
  'has no usable route': [
    ['routes', { ...bankPolicy, routes: [] }],
    ['routes', { ...bankPolicy, routes: [first, first] }],
    ['routes', { ...bankPolicy, routes: [{ ...first, path: '/a//b' }] }],
    ['routes[0].path', { ...bankPolicy, routes: [{ ...first, path: undefined }] }],
    ['routes[0].methods', { ...bankPolicy, routes: [{ ...first, methods: [] }] }],
    ['routes[0].methods', { ...bankPolicy, routes: [{ ...first, methods: ['GET', 'GET'] }] }],
    ['routes[0].methods[0]', { ...bankPolicy, routes: [{ ...first, methods: ['get'] }] }],
    ['routes[0].methods[0]', { ...bankPolicy, routes: [{ ...first, methods: ['*'] }] }],
    ['routes[0].methods[0]', { ...bankPolicy, routes: [{ ...first, methods: ['TRACE'] }] }],
    ['routes[0].scope', { ...bankPolicy, routes: [{ ...first, scope: undefined }] }],
    ['routes[0].scope[0]', { ...bankPolicy, routes: [{ ...first, scope: ['read write'] }] }],
    ['routes[0].scope[0]', { ...bankPolicy, routes: [{ ...first, scope: [''] }] }],
    ['routes[0].speaksFor', { ...bankPolicy, routes: [{ ...first, speaksFor: 'client' }] }],
    ['routes[0].speaksFor', { ...bankPolicy, routes: [{ ...first, speaksFor: undefined }] }],
  ],
  'has no name': [['name', { ...bankPolicy, name: '' }]],
}

for (const [what, policies] of Object.entries(broken)) {
  for (const [index, [member, policy]] of policies.entries()) {
    test(`[RS-TOK-05] a policy that ${what} is refused, naming ${member} (${index + 1})`, () => {
      assert.throws(
        () => parseGuardPolicy(policy as GuardPolicyInput),
        (error) => error instanceof GuardPolicyError && error.member === member,
      )
    })
  }
}
