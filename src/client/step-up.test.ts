import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observed } from '../../test/observations.ts'
import { callback, refused, type Route, world } from './fixtures.test-support.ts'
import type { Client } from './index.ts'

const now = () => Math.floor(Date.now() / 1000)
const error = 'error="insufficient_user_authentication"'

function demanding(parameters: string): Route {
  return () => ({ status: 401, headers: { 'www-authenticate': `DPoP ${error}${parameters}, algs="ES256"` } })
}

async function finished(client: Client, begun: { pending: Parameters<Client['finish']>[1] } | undefined) {
  const { pending } = begun ?? assert.fail('nothing was begun')
  return client.finish(callback(pending), pending)
}

test('[CL-18] the API asks for a better or newer sign-in: one more push with just that, then the call goes through', async () => {
  const { connect, lie, hits, apiHits } = await world()
  const client = await connect()
  lie.claims = (honest) => ({ ...honest, acr: 'silver', auth_time: now() - 600 })
  const first = await finished(client, await client.begin())
  lie.accounts = demanding(', error_description="Sign in again, please", acr_values="gold platinum", max_age="60"')
  const refusal = await client.call(first, '/accounts')
  assert.equal(refusal.status, 401)
  const pushes = hits.filter(({ path }) => path === '/par').length
  lie.claims = (honest) => ({ ...honest, acr: 'gold', auth_time: now() })
  const begun = await client.stepUp(first, refusal)
  const push = hits.at(-1)?.form ?? assert.fail()
  assert.equal(hits.filter(({ path }) => path === '/par').length, pushes + 1)
  assert.deepEqual(
    [push.get('acr_values'), push.get('max_age'), push.get('scope')],
    ['gold platinum', '60', 'openid accounts'],
  )
  const second = await finished(client, begun)
  lie.accounts = undefined
  assert.equal((await client.call(second, '/accounts')).status, 200)
  assert.equal(apiHits.filter(({ path }) => path === '/accounts').length, 2)
  observed('CL-18', 'one push with what the challenge says')
})

test('[CL-18] an API that repeats what was done already gets an error, and no second round', async () => {
  const { connect, lie, hits } = await world()
  const client = await connect()
  lie.claims = (honest) => ({ ...honest, acr: 'silver' })
  const first = await finished(client, await client.begin())
  lie.accounts = demanding(', acr_values="gold"')
  const begun = await client.stepUp(first, await client.call(first, '/accounts'))
  lie.claims = (honest) => ({ ...honest, acr: 'gold', auth_time: now() })
  const second = await finished(client, begun)
  const before = hits.length
  await assert.rejects(client.stepUp(second, await client.call(second, '/accounts')), refused('step_up_failed'))
  assert.equal(hits.length, before, 'nothing was pushed')
  // A demand for something else is another one.
  lie.accounts = demanding(', acr_values="platinum"')
  assert.ok(await client.stepUp(second, await client.call(second, '/accounts')))
  lie.accounts = demanding(', max_age="300"')
  await assert.rejects(client.stepUp(second, await client.call(second, '/accounts')), refused('step_up_failed'))
  lie.accounts = undefined
  assert.equal((await client.call(second, '/accounts')).status, 200)
  observed('CL-18', 'an error, and no second round')
})

test('[CL-18] a person who did not do as asked gets no session out of it', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const first = await finished(client, await client.begin())
  lie.accounts = demanding(', acr_values="gold", max_age="60"')
  const refusal = await client.call(first, '/accounts')
  lie.claims = (honest) => ({ ...honest, acr: 'silver', auth_time: now() })
  await assert.rejects(finished(client, await client.stepUp(first, refusal)), refused('acr_unmet'))
  lie.claims = (honest) => ({ ...honest, acr: 'gold', auth_time: now() - 600 })
  await assert.rejects(finished(client, await client.stepUp(first, refusal)), refused('id_token_invalid'))
  lie.claims = (honest) => ({ ...honest, acr: 'gold', auth_time: now() })
  assert.equal((await finished(client, await client.stepUp(first, refusal))).subject, 'alice')
  observed('CL-18', 'no session')
})

test('[CL-18] a demand that demands nothing, is malformed, or is none', async () => {
  const { connect, lie } = await world()
  const client = await connect()
  const session = await finished(client, await client.begin())
  for (const parameters of [
    '',
    ', max_age="-1"',
    ', max_age="1e3"',
    ', acr_values=""',
    `, acr_values="${'a '.repeat(40)}"`,
  ]) {
    lie.accounts = demanding(parameters)
    const refusal = await client.call(session, '/accounts')
    await assert.rejects(client.stepUp(session, refusal), refused('step_up_failed'), parameters)
  }
  for (const challenge of ['DPoP error="invalid_token"', `Bearer ${error}, acr_values="gold"`]) {
    lie.accounts = () => ({ status: 401, headers: { 'www-authenticate': challenge } })
    assert.equal(await client.stepUp(session, await client.call(session, '/accounts')), undefined)
  }
  lie.accounts = undefined
  const answer = await client.call(session, '/accounts')
  assert.equal(await client.stepUp(session, answer), undefined)
  await assert.rejects(client.stepUp({ ...session, of: 'x' }, answer), refused('session_foreign'))
})
