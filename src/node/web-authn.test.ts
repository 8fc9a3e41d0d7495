import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { anAuthenticator, type CborMap, flagsWithout, type Make, type Quirks } from '../../test/flow/authenticator.ts'
import { issuer, isJsonObject, numericDate, subject } from '../core/names.ts'
import { OAuthError } from '../core/oauth-error.ts'
import type { Passkey } from '../core/people.ts'
import type { WebAuthn } from '../core/sign-in-ports.ts'
import { createWebAuthn } from './web-authn.ts'

const alice = { subject: subject('user-alice'), username: 'alice', displayName: 'Alice Example' }

function passkeysOf(name = 'https://as.example'): WebAuthn {
  const webAuthn = createWebAuthn({ issuer: issuer(name), name: 'Strongroom' })
  assert.ok(webAuthn !== undefined)
  return webAuthn
}

const aChallenge = () => randomBytes(56).toString('base64url')

function ruled(rule: string) {
  return (error: unknown) => error instanceof OAuthError && error.rule === rule
}

/** Adds a passkey and returns it as it is stored. */
async function enrolled(webAuthn: WebAuthn, make: Make = {}) {
  const authenticator = anAuthenticator(make)
  const challenge = aChallenge()
  const made = authenticator.create(await webAuthn.enrolment(alice, [], challenge))
  const passkey: Passkey = {
    ...(await webAuthn.verifyEnrolment(made, challenge)),
    subject: alice.subject,
    name: 'mine',
    createdAt: numericDate(0),
    lastUsedAt: undefined,
  }
  return { authenticator, passkey }
}

test('every algorithm that is offered makes a passkey that signs in', async () => {
  const webAuthn = passkeysOf()
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    for (const backup of ['device_bound', 'eligible', 'backed_up'] as const) {
      const { authenticator, passkey } = await enrolled(webAuthn, { alg, backup, counter: 3 })
      assert.deepEqual(
        [passkey.credentialId, passkey.signCount, passkey.backup, passkey.transports],
        [authenticator.credentialId, 4, backup, ['internal']],
      )
      const challenge = aChallenge()
      const answer = authenticator.get(await webAuthn.signIn(challenge))
      assert.equal(webAuthn.challengeOf(answer), challenge)
      assert.equal(webAuthn.credentialOf(answer), passkey.credentialId)
      assert.deepEqual(await webAuthn.verifySignIn(answer, challenge, passkey), { signCount: 5, backup })
    }
  }
})

test('what authenticators are asked for: discoverable, verified, nothing about the device, and nothing about the person', async () => {
  const webAuthn = passkeysOf('https://login.example/tenant')
  const { passkey } = await enrolled(passkeysOf())
  const challenge = aChallenge()
  const options: unknown = JSON.parse(await webAuthn.enrolment(alice, [passkey], challenge))
  assert.ok(isJsonObject(options) && isJsonObject(options['user']))
  assert.equal(options['challenge'], challenge)
  assert.deepEqual(options['rp'], { id: 'login.example', name: 'Strongroom' })
  assert.equal(options['attestation'], 'none')
  assert.deepEqual(options['authenticatorSelection'], {
    residentKey: 'required',
    requireResidentKey: true,
    userVerification: 'required',
  })
  assert.deepEqual(options['excludeCredentials'], [
    { id: passkey.credentialId, transports: ['internal'], type: 'public-key' },
  ])
  assert.equal(Buffer.from(String(options['user']['id']), 'base64url').length, 32)
  assert.ok(!JSON.stringify(options).includes(alice.subject))
  assert.deepEqual(JSON.parse(await webAuthn.signIn(challenge)), {
    rpId: 'login.example',
    challenge,
    timeout: 300_000,
    userVerification: 'required',
  })
})

test('an issuer that is an address has no passkeys', () => {
  for (const name of ['http://127.0.0.1:3000', 'http://[::1]:3000']) {
    assert.equal(createWebAuthn({ issuer: issuer(name), name: 'Strongroom' }), undefined, name)
  }
  assert.ok(createWebAuthn({ issuer: issuer('http://localhost:3000'), name: 'Strongroom' }) !== undefined)
})

const wrongs: Readonly<Record<string, Quirks>> = {
  'another origin': { origin: 'https://as.example.evil.example' },
  'a part of the origin': { origin: 'https://as.example:8443' },
  'another host': { rpId: 'evil.example' },
  'a parent of the host': { rpId: 'example' },
  'another challenge': { challenge: aChallenge() },
  'another ceremony': { type: 'payment.get' },
  'no verification': { flags: flagsWithout.verification },
  'no presence': { flags: flagsWithout.presence },
  'a frame': { crossOrigin: true },
  'a frame that says where': { topOrigin: 'https://evil.example' },
}

test('passkey_invalid passkey_malformed [OPS-07] nothing but the right answer to this challenge at this origin signs in', async () => {
  const webAuthn = passkeysOf()
  const { authenticator, passkey } = await enrolled(webAuthn)
  const more: Readonly<Record<string, Quirks>> = {
    ...wrongs,
    'an enrolment': { type: 'webauthn.create' },
    'another key': { key: 'another' },
    'another passkey': { credentialId: anAuthenticator().credentialId },
    'another person': { userHandle: Buffer.from('user-bob').toString('base64url') },
    'nobody in particular': { userHandle: null },
    'a device that may be copied all at once': { flags: 0x0d },
    'a copy of what cannot be copied': { flags: 0x15 },
  }
  for (const [what, quirks] of Object.entries(more)) {
    const challenge = aChallenge()
    const answer = authenticator.get(await webAuthn.signIn(challenge), quirks)
    await assert.rejects(webAuthn.verifySignIn(answer, challenge, passkey), ruled('passkey_invalid'), what)
  }
  const challenge = aChallenge()
  const good = authenticator.get(await webAuthn.signIn(challenge))
  await assert.rejects(webAuthn.verifySignIn(good, challenge, undefined), ruled('passkey_invalid'))
  for (const [what, text] of Object.entries(malformed(good))) {
    assert.equal(webAuthn.challengeOf(text), undefined, what)
    assert.throws(() => webAuthn.credentialOf(text), ruled('passkey_malformed'), what)
    await assert.rejects(webAuthn.verifySignIn(text, challenge, passkey), ruled('passkey_malformed'), what)
  }
  assert.equal((await webAuthn.verifySignIn(good, challenge, passkey)).backup, 'device_bound')
})

test('enrolment_invalid enrolment_malformed [AS-AUTHZ-15] nothing but the right answer to this challenge makes a passkey', async () => {
  const webAuthn = passkeysOf()
  const authenticator = anAuthenticator()
  const more: Readonly<Record<string, Quirks>> = {
    ...wrongs,
    'a sign-in': { type: 'webauthn.get' },
    'another id than the browser says': { credentialId: anAuthenticator().credentialId },
    'a statement where there is none': { attestation: ['none', new Map([['sig', Buffer.alloc(8)]])] },
    'a format nobody knows': { attestation: ['of another world', new Map()] },
    'a signature that is none': {
      attestation: [
        'packed',
        new Map<string, number | Buffer>([
          ['alg', -7],
          ['sig', Buffer.alloc(70, 1)],
        ]),
      ],
    },
  }
  for (const [what, quirks] of Object.entries(more)) {
    const challenge = aChallenge()
    const answer = authenticator.create(await webAuthn.enrolment(alice, [], challenge), quirks)
    await assert.rejects(webAuthn.verifyEnrolment(answer, challenge), ruled('enrolment_invalid'), what)
  }
  const challenge = aChallenge()
  const good = authenticator.create(await webAuthn.enrolment(alice, [], challenge))
  for (const [what, text] of Object.entries(malformed(good))) {
    await assert.rejects(webAuthn.verifyEnrolment(text, challenge), ruled('enrolment_malformed'), what)
  }
  assert.equal((await webAuthn.verifyEnrolment(good, challenge)).credentialId, authenticator.credentialId)
})

test('enrolment_invalid [AS-AUTHZ-15] certificates in an attestation are not read, so that nothing they name is fetched', async () => {
  const webAuthn = passkeysOf()
  const statement: CborMap = new Map<string, number | Buffer | readonly Buffer[]>([
    ['alg', -7],
    ['sig', Buffer.alloc(70, 1)],
    ['x5c', [Buffer.alloc(300, 1)]],
  ])
  for (const format of ['packed', 'tpm', 'apple', 'android-key', 'fido-u2f', 'android-safetynet']) {
    const challenge = aChallenge()
    const options = await webAuthn.enrolment(alice, [], challenge)
    const answer = anAuthenticator().create(options, { attestation: [format, statement] })
    await assert.rejects(
      webAuthn.verifyEnrolment(answer, challenge),
      (error) => ruled('enrolment_invalid')(error) && isUnread(error),
      format,
    )
  }
  await enrolled(webAuthn)
})

/** Whether it was refused for being there, before anybody looked into it. */
function isUnread(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.message.includes('nobody asked for')
}

/** Texts that are no answers at all, made from one that is. */
function malformed(good: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(good)
  assert.ok(isJsonObject(parsed) && isJsonObject(parsed['response']))
  const { response } = parsed
  const changed = (change: object) => JSON.stringify({ ...parsed, ...change })
  return {
    nothing: '',
    'no JSON': 'passkey',
    'no object': '[]',
    'a member twice': good.replace('{', '{"id":"AAAA",'),
    'a forbidden member': good.replace('{', '{"__proto__":{},'),
    'too long': changed({ padding: 'x'.repeat(16_384) }),
    'no id': changed({ id: undefined }),
    'an id of another alphabet': changed({ id: 'a+b/' }),
    'an id that is too long': changed({ id: 'A'.repeat(1365), rawId: 'A'.repeat(1365) }),
    'another type': changed({ type: 'password' }),
    'no response': changed({ response: undefined }),
    'a response in pieces': changed({ response: { ...response, clientDataJSON: ['e30'] } }),
  }
}
