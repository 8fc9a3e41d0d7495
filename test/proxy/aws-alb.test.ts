/** What stands behind a load balancer that ended TLS, which is played by a client of ours. */

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { observeAnswer, observed } from '../observations.ts'
import { boundTo, call, thumbprintOf } from './call.ts'
import { claimOf } from './claims.ts'
import { reasonToSkip } from './installed.ts'
import { blockOf, fitted } from './page.ts'
import { aWorld, type World } from './world.ts'

const heading = 'AWS Application Load Balancer'

suite('nginx behind a load balancer', { skip: reasonToSkip('nginx') }, () => {
  let world: World
  before(async () => {
    world = await aWorld({
      program: 'nginx',
      heading,
      entrances: 'by name',
      configuration: ({ directory, main, behindMtls }) =>
        fitted(blockOf(heading, 'nginx'), {
          '443 ssl': `127.0.0.1:${main} ssl`,
          '10.0.0.0/24': '127.0.0.7',
          '127.0.0.1:4443': behindMtls,
          '/etc/strongroom/': `${directory}/`,
        }),
    })
  })
  after(() => world?.stop())

  test('[AS-MTLS-05] [NET-06] the load balancer is believed, from its addresses only, and its header once', async () => {
    const { alice, bob } = world.clients
    const form = { grant_type: 'client_credentials', scope: 'accounts', client_id: world.ids.alice }
    const from = '127.0.0.7'
    const address = ['X-Forwarded-For', '203.0.113.9, 198.51.100.1'] as const
    const leaf = claimOf('aws-alb', alice)
    const passedThrough = ['X-Amzn-Mtls-Clientcert', leaf[1]] as const
    const send = async (fields: Parameters<typeof call>[1]['fields'], caller = from) => {
      const answer = await call(world.targets.mtls, { form, from: caller, fields: [address, ...(fields ?? [])] })
      const id = answer.headers.get('x-correlation-id')
      const event = world.audit.findLast(({ correlationId }) => correlationId === id)
      observeAnswer(answer, { rule: event?.rule, step: event?.step })
      return { ...answer, event }
    }

    const served = await send([leaf])
    assert.deepEqual([served.status, boundTo(served)], [200, thumbprintOf(alice)], served.text)
    assert.equal(served.event?.peerAddress, '198.51.100.1')
    for (const [fields, rule] of [
      [[], 'client_certificate_missing'],
      [[passedThrough], 'client_certificate_missing'],
      [[leaf, claimOf('aws-alb', bob)], 'client_certificate_malformed'],
      [[claimOf('aws-alb', bob)], 'client_certificate_name_mismatch'],
    ] as const) {
      const refused = await send(fields)
      assert.deepEqual([refused.status, refused.event?.rule], [401, rule], String(fields))
    }
    const elsewhere = await send([leaf], '127.0.0.9')
    assert.deepEqual([elsewhere.status, elsewhere.event], [403, undefined])
    observed('NET-06', 'another caller than the load balancer: 403 of the proxy')
    assert.equal((await send([leaf])).status, 200)
  })
})
