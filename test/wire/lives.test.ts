/** The life of a grant with a foreign client, in every combination of authentication and binding. */

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import * as client from 'openid-client'
import { aClient } from '../../src/node/tls/pki.test-support.ts'
import { observed } from '../observations.ts'
import { type Browser, openBrowser } from './browser.ts'
import {
  afterwards,
  aForeignClient,
  call,
  type Combination,
  combinations,
  type Foreign,
  obtain,
  type Possession,
  refusal,
  thumbprintOf,
  usesCertificate,
} from './foreign.ts'
import { type RunningTls, startOverTls, validity } from './running-tls.ts'

let running: RunningTls
before(async () => {
  running = await startOverTls()
})
after(() => running.close())

const lastRule = () => running.events.findLast(({ rule }) => rule !== undefined)?.rule

/** A client and a browser for one test. */
async function withClient(
  combination: Combination,
  work: (foreign: Foreign, browser: Browser) => Promise<void>,
): Promise<void> {
  const foreign = await aForeignClient(running, combination)
  const browser = openBrowser(running)
  try {
    await work(foreign, browser)
  } finally {
    foreign.close()
    browser.close()
  }
}

/** The server of the bank, a client in the same way as the others, which asks about tokens. */
function aResourceServer({ method }: Combination) {
  return aForeignClient(
    running,
    { name: method, method, binding: 'dpop' },
    { record: { role: { kind: 'resource_server', resource: running.bank }, grantTypes: [], redirectUris: [] } },
  )
}

/** What the tokens must be bound to, as the client itself computes it. */
async function bound(foreign: Foreign, { DPoP }: Possession, certificate = foreign.certificate) {
  return DPoP === undefined ? { 'x5t#S256': thumbprintOf(certificate) } : { jkt: await DPoP.calculateThumbprint() }
}

/** Every call of the client's own went where the metadata says. */
function checkEntrances(foreign: Foreign): void {
  const expected = usesCertificate(foreign) ? running.mutualTlsOrigin : running.issuer
  for (const path of ['/par', '/token', '/revoke', '/userinfo']) {
    const calls = foreign.exchanges.filter(({ url }) => url.pathname === path)
    assert.ok(calls.length > 0 || path === '/userinfo', path)
    for (const { url } of calls) assert.equal(url.origin, expected, url.href)
  }
}

/** Renews twice with the one refresh token: the second time with another key or certificate. */
async function renewTwice(foreign: Foreign, refreshToken: string | undefined, how: Possession) {
  const { config, certificate, renewed } = foreign
  assert.ok(refreshToken !== undefined)
  const renew = async (with_: Possession, over = config) => {
    const tokens = await client.refreshTokenGrant(over, refreshToken, {}, with_)
    assert.ok(tokens.refresh_token === undefined || tokens.refresh_token === refreshToken)
    return { tokens, how: with_, config: over, certificate: over === config ? certificate : renewed }
  }
  const first = await renew(how)
  const second =
    foreign.binding === 'dpop'
      ? await renew(await foreign.possession())
      : await renew({}, await foreign.elsewhere({ certificate: renewed, entrance: 'mtls' }))
  return [first, second] as const
}

for (const combination of combinations) {
  suite(combination.name, () => {
    test(`refresh_token_grant_revoked access_token_revoked [AS-INTRO-04] [AS-REV-03] ${combination.name}: from discovery to the end of everything`, () =>
      withClient(combination, async (foreign, browser) => {
        const { config } = foreign
        const asker = await aResourceServer(combination)
        const introspect = (token: string) => client.tokenIntrospection(asker.config, token)
        const accounts = new URL('/accounts', running.bank)

        const how = await foreign.possession()
        const tokens = await obtain(foreign, browser, how, { scope: 'accounts offline_access' })
        assert.equal(tokens.token_type, foreign.binding === 'dpop' ? 'dpop' : 'bearer')
        assert.equal(tokens.id_token, undefined)
        const called = await call(config, tokens.access_token, accounts, how)
        assert.deepEqual([called.status, await called.json()], [200, { of: 'alice-subject' }])

        const [first, second] = await renewTwice(foreign, tokens.refresh_token, how)
        const held = [{ tokens, how, config, certificate: foreign.certificate }, first, second] as const
        for (const { tokens: some, how: with_, config: over, certificate } of held) {
          assert.equal((await call(over, some.access_token, accounts, with_)).status, 200)
          const { active, cnf, client_id, sub, scope, aud, iss } = await introspect(some.access_token)
          assert.deepEqual([active, client_id, sub, aud], [true, foreign.clientId, 'alice-subject', running.bank])
          assert.deepEqual([iss, scope], [running.issuer, 'accounts'])
          assert.deepEqual(cnf, await bound(foreign, with_, certificate))
        }
        observed('AS-INTRO-04', 'iss, aud, sub, client_id, scope and cnf of every token of the grant')

        await client.tokenRevocation(config, tokens.refresh_token ?? assert.fail())
        for (const { tokens: some, how: with_, config: over } of held) {
          const [status, error] = await refusal(call(over, some.access_token, accounts, with_))
          assert.deepEqual([status, error, lastRule()], [401, 'invalid_token', 'access_token_revoked'])
          assert.deepEqual(await introspect(some.access_token), { active: false })
        }
        const again = client.refreshTokenGrant(config, tokens.refresh_token ?? '', {}, how)
        assert.deepEqual(await refusal(again), [400, 'invalid_grant'])
        assert.equal(lastRule(), 'refresh_token_grant_revoked')
        checkEntrances(foreign)

        // The client itself is as good as before.
        const next = await obtain(foreign, browser, how, { scope: 'accounts' })
        assert.equal((await call(config, next.access_token, accounts, how)).status, 200)
        asker.close()
      }))

    test(`post_logout_redirect_uri_unregistered refresh_token_grant_revoked [AS-OIDC-08] [AS-OIDC-09] ${combination.name}, with OpenID Connect: userinfo, ID tokens, sign-out`, () =>
      withClient(combination, async (foreign, browser) => {
        const { config } = foreign
        const asker = await aResourceServer(combination)
        const scope = 'openid profile accounts offline_access'
        const how = await foreign.possession()
        const tokens = await obtain(foreign, browser, how, { scope })
        const claims = tokens.claims()
        assert.deepEqual([claims?.iss, claims?.sub, claims?.aud], [running.issuer, 'alice-subject', foreign.clientId])
        const userinfo = (token: string, with_: Possession, over = config) =>
          client.fetchUserInfo(over, token, 'alice-subject', with_)
        assert.deepEqual(await userinfo(tokens.access_token, how), { sub: 'alice-subject', name: 'alice example' })

        const [first, second] = await renewTwice(foreign, tokens.refresh_token, how)
        for (const { tokens: renewed, how: with_, config: over } of [first, second]) {
          const about = renewed.claims()
          assert.deepEqual(
            [about?.iss, about?.sub, about?.aud, about?.auth_time, about?.['sid'], about?.nonce],
            [claims?.iss, claims?.sub, claims?.aud, claims?.auth_time, claims?.['sid'], undefined],
          )
          assert.equal((await userinfo(renewed.access_token, with_, over)).sub, 'alice-subject')
        }
        observed('AS-OIDC-08', 'the ID tokens of two refreshes are about the same sign-in, without a nonce')
        assert.equal((await client.tokenIntrospection(asker.config, first.tokens.access_token)).active, true)

        await client.tokenRevocation(config, tokens.refresh_token ?? assert.fail())
        const [status, error, scheme] = await refusal(userinfo(first.tokens.access_token, first.how, first.config))
        const expected = foreign.binding === 'dpop' ? 'dpop' : 'bearer'
        assert.deepEqual([status, error, scheme, lastRule()], [401, 'invalid_token', expected, 'access_token_revoked'])
        assert.deepEqual(await client.tokenIntrospection(asker.config, first.tokens.access_token), { active: false })
        const again = client.refreshTokenGrant(config, tokens.refresh_token ?? '', {}, how)
        assert.deepEqual([...(await refusal(again)), lastRule()], [400, 'invalid_grant', 'refresh_token_grant_revoked'])

        const leave = (to: string) => {
          const hint = { id_token_hint: tokens.id_token ?? assert.fail(), state: 'a state' }
          return browser.open(client.buildEndSessionUrl(config, { ...hint, post_logout_redirect_uri: to }))
        }
        assert.equal((await leave(`${afterwards}/`)).status, 400)
        assert.equal(lastRule(), 'post_logout_redirect_uri_unregistered')
        const left = await leave(afterwards)
        assert.deepEqual([left.status, left.location], [303, `${afterwards}?state=a+state`])
        const silently = obtain(foreign, browser, how, { scope, parameters: { prompt: 'none' } })
        await assert.rejects(silently, { name: 'AuthorizationResponseError', error: 'login_required' })
        assert.equal(lastRule(), 'login_required')
        checkEntrances(foreign)

        const next = await obtain(foreign, browser, how, { scope: 'openid' })
        assert.equal((await userinfo(next.access_token, how)).sub, 'alice-subject')
        asker.close()
      }))

    test(`person_required openid_without_person [AS-TOK-08] ${combination.name}: a token of the client alone, which a person’s route refuses`, () =>
      withClient(combination, async (foreign) => {
        const { config } = foreign
        const how = await foreign.possession()
        const tokens = await client.clientCredentialsGrant(config, { scope: 'accounts' }, how)
        assert.deepEqual([tokens.refresh_token, tokens.id_token], [undefined, undefined])
        const refused = refusal(call(config, tokens.access_token, new URL('/accounts', running.bank), how))
        assert.deepEqual((await refused).slice(0, 2), [403, 'insufficient_scope'])
        assert.equal(lastRule(), 'person_required')
        const personal = client.clientCredentialsGrant(config, { scope: 'openid' }, how)
        assert.deepEqual([...(await refusal(personal)), lastRule()], [400, 'invalid_scope', 'openid_without_person'])
        const rates = await call(config, tokens.access_token, new URL('/rates', running.bank), how)
        assert.deepEqual([rates.status, await rates.json()], [200, { of: foreign.clientId }])
      }))
  })
}

test('[AS-MTLS-07] a proof and a certificate at once: the registration of the client decides what binds', async () => {
  const [byKey, byCertificate] = combinations
  assert.ok(byKey !== undefined && byCertificate !== undefined)
  for (const combination of [byKey, byCertificate]) {
    await withClient(combination, async (foreign) => {
      const asker = await aResourceServer(foreign)
      const any = aClient(running.authority, { name: 'CN=any', ...validity })
      for (const certificate of [foreign.certificate, any]) {
        const config = await foreign.elsewhere({ certificate, entrance: 'mtls' })
        const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
        const tokens = await client.clientCredentialsGrant(config, { scope: 'accounts' }, { DPoP })
        const { cnf } = await client.tokenIntrospection(asker.config, tokens.access_token)
        assert.deepEqual(cnf, await bound(foreign, foreign.binding === 'dpop' ? { DPoP } : {}, certificate))
      }
      asker.close()
    })
  }
  observed('AS-MTLS-07', 'cnf holds one member: jkt, or x5t#S256')
})
