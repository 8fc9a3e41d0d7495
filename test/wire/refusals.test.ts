/** What a foreign client is refused, in every combination of authentication and binding. */

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import * as client from 'openid-client'
import type { ClientAuthenticationMethod } from '../../src/core/client.ts'
import type { RuleSlug } from '../../src/core/rules.ts'
import { aClient, type Party } from '../../src/node/tls/pki.test-support.ts'
import { type Browser, openBrowser } from './browser.ts'
import {
  aForeignClient,
  call,
  type Combination,
  combinations,
  type Foreign,
  obtain,
  type Possession,
  refusal,
  usesCertificate,
} from './foreign.ts'
import { developmentName, type RunningTls, startOverTls, validity } from './running-tls.ts'

let running: RunningTls
let browser: Browser
before(async () => {
  running = await startOverTls()
  browser = openBrowser(running)
})
after(async () => {
  browser.close()
  await running.close()
})

/** How a request was refused, with the precise rule. */
async function refused(asked: Promise<unknown>): Promise<readonly unknown[]> {
  return [...(await refusal(asked)), running.events.findLast(({ rule }) => rule !== undefined)?.rule]
}

/** Two clients of one kind, for one test. */
async function withClients(
  combination: Combination,
  work: (foreign: Foreign, other: Foreign) => Promise<void>,
): Promise<void> {
  const foreign = await aForeignClient(running, combination)
  const other = await aForeignClient(running, combination)
  try {
    await work(foreign, other)
  } finally {
    foreign.close()
    other.close()
  }
}

const tokenUses = ['userinfo', 'bank', 'ledger'] as const
const scope = 'openid accounts entries offline_access'

/** Uses a token at userinfo and at both APIs, in turn. */
function usesOf(token: string): readonly ((config: client.Configuration, how: Possession) => Promise<unknown>)[] {
  const accounts = new URL('/accounts', running.bank)
  const entries = new URL('/entries', running.ledger)
  const uses = {
    userinfo: (config, how) => client.fetchUserInfo(config, token, 'alice-subject', how),
    bank: (config, how) => call(config, token, accounts, how),
    ledger: (config, how) => call(config, token, entries, how),
  } satisfies Record<(typeof tokenUses)[number], (config: client.Configuration, how: Possession) => Promise<unknown>>
  return tokenUses.map((name) => uses[name])
}

const methodNegatives: Readonly<Record<ClientAuthenticationMethod, string>> = {
  private_key_jwt: 'client_assertion_signature_invalid [AS-CAUTH-09]',
  tls_client_auth:
    'client_certificate_missing client_certificate_name_mismatch client_certificate_untrusted [AS-MTLS-01] [AS-META-07]',
  self_signed_tls_client_auth: 'client_certificate_missing client_certificate_unknown [AS-MTLS-02] [AS-META-07]',
}

/** Everything a client asks of the server by itself. */
function requestsOf(config: client.Configuration, how: Possession): readonly (() => Promise<unknown>)[] {
  return [
    () =>
      client.buildAuthorizationUrlWithPAR(config, { scope: 'accounts', redirect_uri: 'https://app.example/callback' }),
    () => client.clientCredentialsGrant(config, { scope: 'accounts' }, how),
    () => client.refreshTokenGrant(config, 'anything', {}, how),
    () => client.tokenIntrospection(config, 'anything'),
    () => client.tokenRevocation(config, 'anything'),
  ]
}

/** Certificates that are not the client's, with the rule each breaks. */
function wrongCertificates(foreign: Foreign, other: Foreign): readonly (readonly [Party | undefined, RuleSlug])[] {
  const name = `CN=${foreign.clientId},O=Example`
  const issuedByNobody = aClient(undefined, { name, ...validity })
  return foreign.method === 'tls_client_auth'
    ? [
        [undefined, 'client_certificate_missing'],
        [other.certificate, 'client_certificate_name_mismatch'],
        [issuedByNobody, 'client_certificate_untrusted'],
      ]
    : [
        [undefined, 'client_certificate_missing'],
        [other.certificate, 'client_certificate_unknown'],
        [issuedByNobody, 'client_certificate_unknown'],
        [aClient(running.authority, { name, ...validity }), 'client_certificate_unknown'],
      ]
}

async function checkMethod(foreign: Foreign, other: Foreign): Promise<void> {
  if (foreign.method === 'private_key_jwt') {
    const { privateKey } = await client.randomDPoPKeyPair('ES256')
    const config = await foreign.elsewhere({ ...foreign.usual, authentication: client.PrivateKeyJwt(privateKey) })
    for (const ask of requestsOf(config, await foreign.possession())) {
      assert.deepEqual(await refused(ask()), [401, 'invalid_client', 'client_assertion_signature_invalid'])
    }
    return
  }
  for (const [certificate, rule] of wrongCertificates(foreign, other)) {
    const config = await foreign.elsewhere({ certificate, entrance: 'mtls' })
    for (const ask of requestsOf(config, await foreign.possession())) {
      assert.deepEqual(await refused(ask()), [401, 'invalid_client', rule])
    }
  }
  // Its own certificate, which nobody asks for at the main entrance.
  const config = await foreign.elsewhere({ certificate: foreign.certificate, entrance: 'main' })
  for (const ask of requestsOf(config, await foreign.possession())) {
    assert.deepEqual(await refused(ask()), [401, 'invalid_client', 'client_certificate_missing'])
  }
}

const noCertificate = [401, 'invalid_client', 'client_certificate_missing'] as const

/** What a refresh without a proof gets at the main entrance. */
const unprovedAtMain = {
  dpop: [400, 'invalid_dpop_proof', 'dpop_proof_missing'],
  certificate: [400, 'invalid_request', 'binding_certificate_missing'],
  tls_client_auth: noCertificate,
  self_signed_tls_client_auth: noCertificate,
} as const

for (const combination of combinations) {
  const { name, method, binding } = combination
  suite(name, () => {
    if (binding === 'dpop') {
      test(`bound_token_sent_as_bearer dpop_key_mismatch [RS-DPOP-06] [AS-OIDC-07] ${name}: a token without its key`, () =>
        withClients(combination, async (foreign, other) => {
          const how = await foreign.possession()
          const { access_token: token } = await obtain(foreign, browser, how, { scope })
          for (const use of usesOf(token)) {
            const asBearer = refused(use(foreign.config, {}))
            assert.deepEqual(await asBearer, [401, 'invalid_token', 'bearer', 'bound_token_sent_as_bearer'])
            const strangersKey = refused(use(other.config, await other.possession()))
            assert.deepEqual(await strangersKey, [401, 'invalid_token', 'dpop', 'dpop_key_mismatch'])
            await use(foreign.config, how)
          }
        }))
    } else {
      test(`token_certificate_missing token_certificate_mismatch certificate_bound_token_sent_as_dpop [RS-MTLS-01] [AS-OIDC-07] ${name}: a token without its certificate`, () =>
        withClients(combination, async (foreign, other) => {
          const { access_token: token } = await obtain(foreign, browser, {}, { scope })
          const bare = await foreign.elsewhere({ certificate: undefined, entrance: 'mtls' })
          const DPoP = client.getDPoPHandle(other.config, await client.randomDPoPKeyPair('ES256'))
          for (const use of usesOf(token)) {
            const without = refused(use(bare, {}))
            assert.deepEqual(await without, [401, 'invalid_token', 'bearer', 'token_certificate_missing'])
            const another = refused(use(other.config, {}))
            assert.deepEqual(await another, [401, 'invalid_token', 'bearer', 'token_certificate_mismatch'])
            const asDpop = refused(use(other.config, { DPoP }))
            assert.deepEqual(await asDpop, [401, 'invalid_token', 'dpop', 'certificate_bound_token_sent_as_dpop'])
            await use(foreign.config, {})
          }
          // Userinfo has another address, where nobody is asked for a certificate.
          const main = await foreign.elsewhere({ certificate: foreign.certificate, entrance: 'main' })
          const userinfo = client.fetchUserInfo(main, token, 'alice-subject')
          assert.deepEqual(await refused(userinfo), [401, 'invalid_token', 'bearer', 'token_certificate_missing'])
        }))
    }

    test(`${methodNegatives[method]} ${name}: whoever is not the client gets nowhere`, () =>
      withClients(combination, async (foreign, other) => {
        await checkMethod(foreign, other)
        const how = await foreign.possession()
        assert.equal(
          (await client.clientCredentialsGrant(foreign.config, { scope: 'accounts' }, how)).scope,
          'accounts',
        )
      }))

    const unproved = unprovedAtMain[method === 'private_key_jwt' ? binding : method]
    test(`refresh_token_client_mismatch ${unproved[2]} [AS-RT-01] [AS-RT-04] ${name}: a refresh token of another client, or without the proof`, () =>
      withClients(combination, async (foreign, other) => {
        const how = await foreign.possession()
        const { refresh_token: token = '' } = await obtain(foreign, browser, how, { scope })
        const stolen = client.refreshTokenGrant(other.config, token, {}, await other.possession())
        assert.deepEqual(await refused(stolen), [400, 'invalid_grant', 'refresh_token_client_mismatch'])
        const config = usesCertificate(foreign)
          ? await foreign.elsewhere({ certificate: foreign.certificate, entrance: 'main' })
          : foreign.config
        const bare = refused(client.refreshTokenGrant(config, token))
        assert.deepEqual(await bare, unproved)
        if (binding === 'dpop') {
          const proofless = refused(client.refreshTokenGrant(foreign.config, token))
          assert.deepEqual(await proofless, [400, 'invalid_dpop_proof', 'dpop_proof_missing'])
        }
        assert.equal(
          (await client.refreshTokenGrant(foreign.config, token, {}, how)).token_type,
          binding === 'dpop' ? 'dpop' : 'bearer',
        )
      }))
  })
}

test('client_certificate_not_for_clients client_certificate_name_mismatch [AS-MTLS-01] of what the development CA issued, the certificate for a client is the client', async () => {
  const combination = combinations.find(
    ({ method, binding }) => method === 'tls_client_auth' && binding === 'certificate',
  )
  const foreign = await aForeignClient(running, combination ?? assert.fail(), {
    record: { certificateName: { kind: 'dn', value: developmentName } },
  })
  const { client: issued, server } = running.development
  const grantWith = async (certificate: typeof issued) => {
    const config = await foreign.elsewhere({ certificate, entrance: 'mtls' })
    return client.clientCredentialsGrant(config, { scope: 'accounts' })
  }
  const asServer = await refused(grantWith(server))
  assert.deepEqual(asServer, [401, 'invalid_client', 'client_certificate_not_for_clients'])
  const asAnother = await refused(grantWith(foreign.certificate))
  assert.deepEqual(asAnother, [401, 'invalid_client', 'client_certificate_name_mismatch'])
  assert.equal((await grantWith(issued)).scope, 'accounts')
  foreign.close()
})
