/** OpenID Connect with a foreign client: what it asks of the person, and what it is told about them. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { parseEncryptionKeys } from '../../src/core/jose.ts'
import { signingAlgorithms } from '../../src/core/profile.ts'
import { systemClock } from '../../src/node/runtime.ts'
import { observed } from '../observations.ts'
import { alice, type Browser, openBrowser } from './browser.ts'
import {
  aForeignClient,
  type Ask,
  askPerson,
  combinations,
  type Foreign,
  obtain,
  redeem,
  redirectUri,
  refusal,
  type Wishes,
} from './foreign.ts'
import { type RunningTls, startOverTls } from './running-tls.ts'

const [jwtWithDpop, jwtWithCertificate, tlsWithDpop, tlsWithCertificate, selfSignedWithDpop] = combinations
const byPassword = 'urn:strongroom:acr:password'

let running: RunningTls
before(async () => {
  running = await startOverTls()
})
after(() => running.close())

const lastRule = () => running.events.findLast(({ rule }) => rule !== undefined)?.rule

/** A client and a browser for one test. */
async function withClient(
  combination: (typeof combinations)[number] | undefined,
  wishes: Wishes,
  work: (foreign: Foreign, browser: Browser) => Promise<void>,
): Promise<void> {
  const foreign = await aForeignClient(running, combination ?? assert.fail(), wishes)
  const browser = openBrowser(running)
  try {
    await work(foreign, browser)
  } finally {
    foreign.close()
    browser.close()
  }
}

function headerOf(token: string | undefined): unknown {
  return JSON.parse(Buffer.from(token?.split('.')[0] ?? '', 'base64url').toString())
}

/** The request comes back with this error, for this reason. */
async function assertSentBack(asked: Promise<unknown>, error: string, rule: string): Promise<void> {
  await assert.rejects(asked, { name: 'AuthorizationResponseError', error })
  assert.equal(lastRule(), rule)
}

test('token_certificate_missing [AS-OIDC-07] an encrypted ID token and a signed userinfo over mutual TLS', async () => {
  const decryption = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', decryption.publicKey)
  const published = { kty, crv, x, y, use: 'enc', kid: 'letters', alg: 'ECDH-ES' }
  const wishes: Wishes = {
    record: {
      encryptionKeys: parseEncryptionKeys({ keys: [published] }),
      idTokenEncryption: { alg: 'ECDH-ES', enc: 'A256GCM' },
      idTokenSignedResponseAlg: 'PS256',
      userinfoSignedResponseAlg: 'EdDSA',
    },
    metadata: { id_token_signed_response_alg: 'PS256', userinfo_signed_response_alg: 'EdDSA' },
  }
  await withClient(tlsWithCertificate, wishes, async (foreign, browser) => {
    const { config } = foreign
    const key = { key: decryption.privateKey, alg: 'ECDH-ES', kid: 'letters' }
    client.enableDecryptingResponses(config, ['A256GCM'], key)
    const parameters = { claims: JSON.stringify({ id_token: { name: null } }) }
    const tokens = await obtain(foreign, browser, {}, { scope: 'openid profile offline_access', parameters })
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    for (const some of [tokens, renewed]) {
      const { alg, kid } = published
      assert.partialDeepStrictEqual(headerOf(some.id_token), { alg, kid, enc: 'A256GCM', cty: 'JWT' })
      assert.equal(String(some.id_token).split('.').length, 5)
      const claims = some.claims()
      assert.deepEqual([claims?.sub, claims?.['name']], ['alice-subject', 'alice example'])
    }
    const about = await client.fetchUserInfo(config, tokens.access_token, 'alice-subject')
    const { sub, name, iss, aud } = about
    assert.deepEqual([sub, name, iss, aud], ['alice-subject', 'alice example', running.issuer, foreign.clientId])
    const answered = foreign.exchanges.findLast(({ url }) => url.pathname === '/userinfo')?.answered
    assert.equal(answered?.get('content-type'), 'application/jwt')

    const bare = await foreign.elsewhere({ certificate: undefined, entrance: 'mtls' })
    const stolen = client.fetchUserInfo(bare, tokens.access_token, 'alice-subject')
    assert.deepEqual(await refusal(stolen), [401, 'invalid_token', 'bearer'])
    assert.equal(lastRule(), 'token_certificate_missing')
    assert.equal((await client.fetchUserInfo(config, tokens.access_token, 'alice-subject')).sub, 'alice-subject')
  })
})

test('response_type_unsupported [AS-OIDC-01] each algorithm of the profile signs ID tokens that the foreign client verifies', async () => {
  for (const alg of signingAlgorithms) {
    const wishes: Wishes = {
      record: { idTokenSignedResponseAlg: alg },
      metadata: { id_token_signed_response_alg: alg },
    }
    await withClient(jwtWithCertificate, wishes, async (foreign, browser) => {
      const front = { redirect_uri: redirectUri, scope: 'openid', response_type: 'code id_token' }
      const asked = client.buildAuthorizationUrlWithPAR(foreign.config, front)
      assert.deepEqual(
        [...(await refusal(asked)), lastRule()],
        [400, 'unsupported_response_type', 'response_type_unsupported'],
      )
      const tokens = await obtain(foreign, browser, {}, { scope: 'openid' })
      assert.partialDeepStrictEqual(headerOf(tokens.id_token), { alg })
    })
  }
})

test('[AS-OIDC-02] [AS-INTRO-04] a pairwise subject is one for the client, its refreshes, userinfo and the API, and another elsewhere', async () => {
  const subjects: string[] = []
  const asker = await aForeignClient(running, tlsWithDpop ?? assert.fail(), {
    record: { role: { kind: 'resource_server', resource: running.bank }, grantTypes: [], redirectUris: [] },
  })
  for (const sector of ['one.example', 'one.example', 'two.example']) {
    const wishes: Wishes = { record: { subjectType: 'pairwise', sector } }
    await withClient(selfSignedWithDpop, wishes, async (foreign, browser) => {
      const how = await foreign.possession()
      const tokens = await obtain(foreign, browser, how, { scope: 'openid accounts offline_access' })
      const renewed = await client.refreshTokenGrant(foreign.config, tokens.refresh_token ?? '', {}, how)
      const sub = tokens.claims()?.sub ?? assert.fail()
      const info = await client.fetchUserInfo(foreign.config, renewed.access_token, sub, how)
      const seen = await client.tokenIntrospection(asker.config, renewed.access_token)
      assert.deepEqual([renewed.claims()?.sub, info.sub, seen.sub], [sub, sub, sub])
      subjects.push(sub)
    })
  }
  asker.close()
  const [first, same, another] = subjects
  assert.equal(first, same)
  assert.equal(new Set([first, another, 'alice-subject']).size, 3)
  observed('AS-OIDC-02', 'one pairwise subject for each sector')
  observed('AS-INTRO-04', 'the resource server sees the subject of the client')
})

test('login_required consent_required [AS-OIDC-03] prompt=none: an answer at once, or the reason why not', async () => {
  await withClient(jwtWithDpop, {}, async (foreign, browser) => {
    const how = await foreign.possession()
    const silently = (scope: string) => obtain(foreign, browser, how, { scope, parameters: { prompt: 'none' } })
    await assertSentBack(silently('openid'), 'login_required', 'login_required')
    const { shown } = await askPerson(foreign, browser, how, { scope: 'openid' })
    assert.deepEqual(shown, ['sign_in', 'consent'])
    await assertSentBack(silently('openid accounts'), 'consent_required', 'consent_required')
    assert.equal((await silently('openid')).claims()?.sub, 'alice-subject')
  })
})

test('parameter_malformed [AS-OIDC-04] max_age and prompt=login want a sign-in now, and auth_time shows it', async () => {
  await withClient(tlsWithCertificate, {}, async (foreign, browser) => {
    const shownFor = async (ask: Omit<Ask, 'scope'>) => {
      const askedAt = systemClock()
      const allowed = await askPerson(foreign, browser, {}, { scope: 'openid', ...ask })
      const authTime = Number((await redeem(foreign, allowed, {})).claims()?.auth_time)
      assert.ok(allowed.shown.includes('sign_in') ? authTime >= askedAt : authTime <= askedAt)
      return allowed.shown
    }
    assert.deepEqual(await shownFor({ maxAge: 600 }), ['sign_in', 'consent'])
    assert.deepEqual(await shownFor({ maxAge: 600 }), [])
    // The library holds auth_time against max_age by itself.
    assert.deepEqual(await shownFor({ maxAge: 0 }), ['sign_in'])
    assert.deepEqual(await shownFor({ parameters: { prompt: 'login' } }), ['sign_in'])
    const wrong = shownFor({ parameters: { max_age: '-1' } })
    assert.deepEqual([...(await refusal(wrong)), lastRule()], [400, 'invalid_request', 'parameter_malformed'])
    assert.deepEqual(await shownFor({ parameters: { prompt: 'consent' } }), ['consent'])
  })
})

test('acr_unmet [AS-OIDC-05] an essential acr is met or refused, a wish is not', async () => {
  await withClient(tlsWithDpop, {}, async (foreign, browser) => {
    const how = await foreign.possession()
    const ask = (parameters: Record<string, string>) => obtain(foreign, browser, how, { scope: 'openid', parameters })
    const essential = (value: string) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, value } } }) })
    const stronger = 'urn:example:acr:hardware'
    assert.equal((await ask({ acr_values: `${stronger} ${byPassword}` })).claims()?.['acr'], byPassword)
    assert.equal((await ask({ acr_values: stronger })).claims()?.['acr'], byPassword)
    await assertSentBack(ask(essential(stronger)), 'unmet_authentication_requirements', 'acr_unmet')
    assert.equal((await ask(essential(byPassword))).claims()?.['acr'], byPassword)
  })
})

test('signed_in_as_another id_token_hint_invalid [AS-OIDC-06] a hint for Alice brings no code for Bob', async () => {
  await withClient(selfSignedWithDpop, {}, async (foreign, browser) => {
    const how = await foreign.possession()
    const first = await obtain(foreign, browser, how, { scope: 'openid' })
    const hint = { id_token_hint: first.id_token ?? assert.fail() }
    const bob = { ...alice, username: 'bob' }
    const ask = (parameters: Record<string, string>, over = browser, as: Ask['as'] = alice) =>
      obtain(foreign, over, how, { scope: 'openid', parameters, as })

    const another = openBrowser(running)
    await assertSentBack(ask(hint, another, bob), 'login_required', 'signed_in_as_another')
    await ask({}, another, bob).catch(() => assert.fail())
    const silent = { ...hint, prompt: 'none' }
    await assertSentBack(ask(silent, another), 'login_required', 'signed_in_as_another')
    another.close()

    const forged = { id_token_hint: `${hint.id_token_hint.slice(0, -4)}AAAA` }
    assert.deepEqual([...(await refusal(ask(forged))), lastRule()], [400, 'invalid_request', 'id_token_hint_invalid'])
    assert.equal((await ask(silent)).claims()?.sub, 'alice-subject')
  })
})
