/** Many requests at once over sockets on SQLite, and a server that comes back. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { observed } from '../observations.ts'
import { type Browser, openBrowser } from './browser.ts'
import { aForeignClient, askPerson, call, combinations, obtain, redeem, refusal, sayAgain } from './foreign.ts'
import { type RunningTls, startOverTls } from './running-tls.ts'

const many = 50

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

const lastRule = () => running.events.findLast(({ rule }) => rule !== undefined)?.rule
const times = <Result>(work: () => Promise<Result>) => Promise.all(Array.from({ length: many }, work))

/** One of each binding, and both kinds of authentication. */
const raced = combinations.filter(
  ({ method, binding }) => (method === 'private_key_jwt') === (binding === 'dpop') && !method.startsWith('self'),
)

for (const combination of raced) {
  test(`[AS-RT-02] ${combination.name}: fifty refreshes at once with one token all succeed`, async () => {
    const foreign = await aForeignClient(running, combination)
    const how = await foreign.possession()
    const { refresh_token: token = '' } = await obtain(foreign, browser, how, { scope: 'accounts offline_access' })
    const renewed = await times(() => client.refreshTokenGrant(foreign.config, token, {}, how))
    assert.equal(new Set(renewed.map(({ access_token }) => access_token)).size, many)
    assert.deepEqual([...new Set(renewed.map(({ refresh_token }) => refresh_token ?? token))], [token])
    const accounts = new URL('/accounts', running.bank)
    const [one] = renewed
    assert.equal((await call(foreign.config, one?.access_token ?? '', accounts, how)).status, 200)
    observed('AS-RT-02', 'fifty uses at once, and the token is still the one')
    foreign.close()
  })

  test(`code_replayed access_token_revoked [AS-TOK-05] ${combination.name}: fifty redemptions at once of one code have one winner`, async () => {
    const foreign = await aForeignClient(running, combination)
    const how = await foreign.possession()
    const allowed = await askPerson(foreign, browser, how, { scope: 'accounts offline_access' })
    const outcomes = await times(() =>
      redeem(foreign, allowed, how).then(
        (tokens) => tokens,
        (error: unknown) => (error instanceof Error ? error : assert.fail()),
      ),
    )
    const errors = outcomes.filter((outcome) => outcome instanceof client.ResponseBodyError)
    const [won, ...more] = outcomes.flatMap((outcome) => (outcome instanceof Error ? [] : [outcome.access_token]))
    assert.deepEqual([more.length, errors.length], [0, many - 1])
    for (const { status, error } of errors) assert.deepEqual([status, error], [400, 'invalid_grant'])
    assert.equal(lastRule(), 'code_replayed')
    const accounts = new URL('/accounts', running.bank)
    assert.deepEqual((await refusal(call(foreign.config, won ?? '', accounts, how))).slice(0, 2), [
      401,
      'invalid_token',
    ])
    assert.equal(lastRule(), 'access_token_revoked')
    const tokens = await obtain(foreign, browser, how, { scope: 'accounts' })
    assert.equal((await call(foreign.config, tokens.access_token, accounts, how)).status, 200)
    foreign.close()
  })
}

for (const combination of combinations) {
  const { name, method, binding } = combination
  const slugs = [
    'code_replayed',
    ...(binding === 'dpop' ? ['dpop_nonce_invalid'] : []),
    ...(method === 'private_key_jwt' ? ['client_assertion_replayed'] : []),
  ].join(' ')
  test(`${slugs} [AS-RT-02] ${name}: what was granted outlives the process, and so does what was spent`, async () => {
    const foreign = await aForeignClient(running, combination)
    const { config } = foreign
    const how = await foreign.possession()
    const scope = 'openid accounts offline_access'
    const tokens = await obtain(foreign, browser, how, { scope })
    const spent = await askPerson(foreign, browser, how, { scope })
    await redeem(foreign, spent, how)
    const used = foreign.exchanges.findLast(({ status, url }) => url.pathname === '/token' && status === 200)
    assert.ok(used !== undefined)
    await running.restart()
    running.events.length = 0

    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', {}, how)
    if (binding === 'dpop') assert.equal(running.events[0]?.rule, 'dpop_nonce_invalid')
    for (const { access_token: token } of [tokens, renewed]) {
      assert.equal((await client.fetchUserInfo(config, token, 'alice-subject', how)).sub, 'alice-subject')
      assert.equal((await call(config, token, new URL('/accounts', running.bank), how)).status, 200)
    }
    observed('AS-RT-02', 'the first refresh token works with the next process')
    assert.deepEqual((await askPerson(foreign, browser, how, { scope })).shown, [])
    assert.deepEqual(await refusal(redeem(foreign, spent, how)), [400, 'invalid_grant'])
    assert.equal(lastRule(), 'code_replayed')
    if (method === 'private_key_jwt') {
      const over = await foreign.elsewhere({ ...foreign.usual, authentication: sayAgain(used) })
      const replayed = client.clientCredentialsGrant(over, { scope: 'accounts' }, how)
      assert.deepEqual(await refusal(replayed), [401, 'invalid_client'])
      assert.equal(lastRule(), 'client_assertion_replayed')
    }
    const next = await client.clientCredentialsGrant(config, { scope: 'accounts' }, how)
    assert.equal(next.scope, 'accounts')
    foreign.close()
  })
}
