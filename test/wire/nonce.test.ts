/** The server asks for a nonce, and the foreign client says the same again with a new proof. RFC 9449 §8, §9. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { isJsonObject } from '../../src/core/names.ts'
import { aForeignClient, call, combinations, type Foreign, refusal, sayAgain } from './foreign.ts'
import { type RunningTls, startOverTls } from './running-tls.ts'
import type { Exchange } from './transport.ts'

let running: RunningTls
before(async () => {
  running = await startOverTls()
})
after(() => running.close())

const callsTo = ({ exchanges }: Foreign, path: string) => exchanges.filter(({ url }) => url.pathname === path)

/** The claims of the proof that a request carried. */
function proofOf({ headers }: Exchange) {
  const claims: unknown = JSON.parse(Buffer.from(headers['dpop']?.split('.')[1] ?? '', 'base64url').toString())
  return isJsonObject(claims) ? claims : assert.fail()
}

/** Two requests, alike but for the proof: the second has the nonce that came with the answer to the first. */
function checkRepeated([first, second, ...more]: readonly Exchange[], refused: number): void {
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual([first.status, second.status, more.length], [refused, 200, 0])
  const nonce = first.answered.get('dpop-nonce')
  assert.ok(nonce !== null)
  const proofs = [proofOf(first), proofOf(second)] as const
  assert.deepEqual([proofs[0]['nonce'], proofs[1]['nonce']], [undefined, nonce])
  assert.notEqual(proofs[0]['jti'], proofs[1]['jti'])
  assert.deepEqual([...first.form], [...second.form])
  assert.equal(first.headers['authorization'], second.headers['authorization'])
}

for (const combination of combinations.filter(({ binding }) => binding === 'dpop')) {
  const { name, method } = combination
  const replayed = method === 'private_key_jwt' ? 'dpop_nonce_missing client_assertion_replayed' : 'dpop_nonce_missing'
  test(`${replayed} [AS-DPOP-06] [RS-DPOP-08] ${name}: the same request again with a nonce, at the server and at the API`, async () => {
    const foreign = await aForeignClient(running, combination)
    const grant = async (over: client.Configuration, how: client.DPoPOptions) =>
      client.clientCredentialsGrant(over, { scope: 'accounts' }, how)
    await grant(foreign.config, await foreign.possession())
    // The library makes an assertion for each attempt. The first was refused for want of a nonce, and is as good as new.
    const [refused, ...others] = callsTo(foreign, '/token')
    assert.deepEqual([refused?.status, others.map(({ status }) => status)], [400, [200]])
    const authentication = sayAgain(refused ?? assert.fail())
    const config = await foreign.elsewhere({ ...foreign.usual, authentication })
    running.events.length = 0

    const how = await foreign.possession()
    const { access_token: token } = await grant(config, how)
    const atServer = callsTo(foreign, '/token').slice(2)
    checkRepeated(atServer, 400)
    const assertions = [refused, ...atServer].map((exchange) => exchange?.form.get('client_assertion'))
    assert.deepEqual([new Set(assertions).size, assertions.includes(null)], [1, method !== 'private_key_jwt'])
    assert.match(atServer[0]?.text ?? '', /"error":"use_dpop_nonce"/)

    assert.equal((await call(config, token, new URL('/rates', running.bank), how)).status, 200)
    const atBank = callsTo(foreign, '/rates')
    checkRepeated(atBank, 401)
    assert.match(atBank[0]?.answered.get('www-authenticate') ?? '', /^DPoP .*error="use_dpop_nonce"/)
    const rules = running.events.filter(({ rule }) => rule !== undefined).map(({ rule }) => rule)
    assert.deepEqual(rules, ['dpop_nonce_missing', 'dpop_nonce_missing'])

    // The assertion was spent by the request that succeeded, and by no other. A certificate is never spent.
    if (method === 'private_key_jwt') {
      assert.deepEqual(await refusal(grant(config, await foreign.possession())), [401, 'invalid_client'])
      assert.equal(running.events.at(-1)?.rule, 'client_assertion_replayed')
    } else {
      assert.equal((await grant(config, await foreign.possession())).token_type, 'dpop')
    }
    assert.equal((await grant(foreign.config, await foreign.possession())).token_type, 'dpop')
    foreign.close()
  })
}
