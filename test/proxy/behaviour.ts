/** What holds behind every proxy. */

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { isJsonObject } from '../../src/core/names.ts'
import type { AuditEvent } from '../../src/core/ports.ts'
import type { AdapterName } from '../../src/node/tls/proxy-adapters.ts'
import { observeAnswer, observed } from '../observations.ts'
import { type Answer, boundTo, type Call, call, keptConnections, type Target, thumbprintOf } from './call.ts'
import { claimOf, forgeries } from './claims.ts'
import { reasonToSkip } from './installed.ts'
import { aWorld, type Setup, type World } from './world.ts'

/** What is to be shown of one proxy. */
export type Proven = Setup & {
  readonly title: string
  readonly adapter: AdapterName
  /** Whether intermediates reach the server. */
  readonly chain: 'passed on' | 'left out'
  /** Whether a client may go on with the certificate of an earlier handshake. */
  readonly sessions: 'never resumed' | 'resumed'
}

type Name = 'alice' | 'bob' | 'carol'

/** The answer, with what the audit says of it. */
type Told = Answer & { readonly event: AuditEvent | undefined }

function callsIn(world: World) {
  const send = async (target: Target, sent: Call): Promise<Told> => {
    const answer = await call(target, sent)
    const id = answer.headers.get('x-correlation-id')
    const event = world.audit.findLast(({ correlationId }) => correlationId === id)
    observeAnswer(answer, { rule: event?.rule, step: event?.step })
    return { ...answer, event }
  }
  const token = (name: Name, sent: Call = {}, target: Target = world.targets.mtls): Promise<Told> =>
    send(target, {
      ...sent,
      form: { grant_type: 'client_credentials', scope: 'accounts', client_id: world.ids[name], ...sent.form },
    })
  /** The client obtains a token with its own certificate, bound to that one. */
  const isServed = async (name: Name, sent: Call = {}, target?: Target): Promise<Told> => {
    const certificate = world.clients[name]
    const told = await token(name, { certificate, ...sent }, target)
    assert.deepEqual([told.status, told.json['token_type']], [200, 'Bearer'], told.text)
    assert.equal(boundTo(told), thumbprintOf(certificate))
    return told
  }
  return { send, token, isServed }
}

function isRefused(told: Told, rule: string, about = ''): void {
  assert.deepEqual([told.status, told.event?.rule], [401, rule], `${about} ${told.text}`)
  assert.equal(told.json['error'], 'invalid_client', about)
  assert.equal(told.json['rule'], 'client_authentication_failed', about)
  assert.equal(boundTo(told), undefined, about)
}

/** How often the trail has the alarm that somebody reached us without the proxy. */
async function spoofed({ events }: World): Promise<number> {
  return (await events.list(0, 10_000)).filter(({ type }) => type === 'mtls.header.spoofed').length
}

/** Shows it, with the proxy and our server running. */
export function prove(proven: Proven): void {
  suite(proven.title, { skip: reasonToSkip(proven.program) }, () => {
    let world: World
    let calls: ReturnType<typeof callsIn>
    before(async () => {
      world = await aWorld(proven)
      calls = callsIn(world)
    })
    after(() => world?.stop())

    test('client_certificate_missing [AS-MTLS-04] a client is who its certificate says, and nobody without one', async () => {
      const { token, isServed } = calls
      const { bob, impostor } = world.clients
      await isServed('alice')
      isRefused(await token('alice'), 'client_certificate_missing')
      isRefused(await token('alice', { certificate: bob }), 'client_certificate_name_mismatch')
      isRefused(await token('alice', { certificate: impostor }), 'client_certificate_untrusted')
      await isServed('bob')
      await isServed('alice')
    })

    test('client_certificate_missing client_certificate_name_mismatch [AS-MTLS-05] [NET-06] what a client writes into headers itself gets it nothing', async () => {
      const { token, isServed } = calls
      const { alice, bob } = world.clients
      const before = await spoofed(world)
      for (const fields of forgeries(proven.adapter, alice)) {
        const about = fields.map(([name]) => name).join(', ')
        isRefused(await token('alice', { fields }), 'client_certificate_missing', about)
        const withReal = await token('alice', { fields, certificate: bob })
        isRefused(withReal, 'client_certificate_name_mismatch', about)
        // A client that takes part in the deceit loses nothing by it but its time.
        await isServed('bob', { fields })
      }
      // What came to us came from the proxy alone.
      assert.equal(await spoofed(world), before)
      observed('NET-06', 'forged certificate headers through a real proxy: the same identity')
      await isServed('alice')
    })

    test('client_certificate_missing [AS-MTLS-05] at the first entrance nobody has a certificate', async () => {
      const { token, isServed } = calls
      const { alice } = world.clients
      const before = await spoofed(world)
      for (const fields of [[], [claimOf(proven.adapter, alice)]]) {
        const told = await token('alice', { fields, certificate: alice }, world.targets.main)
        isRefused(told, 'client_certificate_missing')
      }
      assert.equal(await spoofed(world), before, 'the proxy let the header through')
      await isServed('alice')
    })

    test('client_certificate_missing client_certificate_malformed [AS-MTLS-05] [NET-06] who calls the port behind the proxy is believed only from its address', async () => {
      const { token, isServed } = calls
      const { direct } = world.targets
      const claim = claimOf(proven.adapter, world.clients.alice)
      const before = await spoofed(world)
      const stranger = await token('alice', { fields: [claim], from: '127.0.0.9' }, direct)
      isRefused(stranger, 'client_certificate_missing')
      assert.equal(await spoofed(world), before + 1)
      const twice = await token('alice', { fields: [claim, claim] }, direct)
      isRefused(twice, 'client_certificate_malformed')
      observed('AS-MTLS-05', 'a direct call from another address: the header counts for nothing')
      // The control: this very field, once and from the listed address, is what the proxy would have sent.
      await isServed('alice', { fields: [claim] }, direct)
      await isServed('alice')
    })

    test('client_certificate_missing [AS-MTLS-05] over shared connections behind the proxy nobody gets the identity of another', async () => {
      const { token, isServed } = calls
      const agents = { alice: keptConnections(), bob: keptConnections(), nobody: keptConnections() }
      const before = world.carried.length
      const rounds = Array.from({ length: 50 }, async () => {
        await isServed('alice', { agent: agents.alice })
        isRefused(await token('alice', { agent: agents.nobody }), 'client_certificate_missing')
        await isServed('bob', { agent: agents.bob })
        const asAnother = await token('alice', { agent: agents.bob, certificate: world.clients.bob })
        isRefused(asAnother, 'client_certificate_name_mismatch')
      })
      await Promise.all(rounds)
      const shared = world.carried.slice(before).filter(({ size }) => size > 1)
      assert.ok(shared.length > 0, 'no connection carried requests of two clients')
      for (const agent of Object.values(agents)) agent.destroy()
    })

    test('[NET-06] the address is the one the proxy saw, whatever the client says', async () => {
      const { isServed, send } = calls
      const from = '127.0.0.7'
      const lies = [
        [['X-Forwarded-For', '203.0.113.9']],
        [['X-Forwarded-For', '203.0.113.9, 127.0.0.1']],
        [
          ['X-Forwarded-For', '203.0.113.9'],
          ['X-Forwarded-For', '198.51.100.1'],
        ],
        [['X_Forwarded_For', '203.0.113.9']],
        [
          ['Forwarded', 'for=203.0.113.9;host=evil.example'],
          ['X-Real-IP', '203.0.113.9'],
        ],
      ] as const
      assert.equal((await isServed('alice', { from })).event?.peerAddress, from)
      for (const fields of lies) {
        assert.equal((await isServed('alice', { from, fields })).event?.peerAddress, from, String(fields))
      }
      const path = '/.well-known/openid-configuration'
      const { main } = world.targets
      const honest = await send(main, { path })
      const fields = [['X-Forwarded-Host', 'evil.example'] as const, ['X-Forwarded-Proto', 'http'] as const]
      assert.equal((await send(main, { path, fields })).text, honest.text)
      assert.equal(honest.json['issuer'], 'https://as.example')
      const aliases = honest.json['mtls_endpoint_aliases']
      assert.ok(isJsonObject(aliases))
      assert.match(String(aliases['token_endpoint']), /^https:\/\/mtls\.as\.example(?::8443)?\/token$/)
      observed('NET-06', 'the same address and issuer through a real proxy')
    })

    test(`client_certificate_untrusted [AS-MTLS-01] a large certificate under an intermediate, whose chain is ${proven.chain}`, async () => {
      const { token, isServed } = calls
      const certificate = world.clients.carol
      // As large a body as the server takes must leave room for the certificate.
      const form = { padding: 'x'.repeat(12_000) }
      if (proven.chain === 'passed on') await isServed('carol', { form })
      else isRefused(await token('carol', { form, certificate }), 'client_certificate_untrusted')
      await isServed('alice')
    })

    test(`client_certificate_name_mismatch [AS-MTLS-04] sessions are ${proven.sessions}, and an identity belongs to its handshake`, async () => {
      const { token, isServed } = calls
      const { alice, bob } = world.clients
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const { session, isResumed } = await isServed('alice', { tls: { maxVersion } })
        assert.ok(session !== undefined && !isResumed)
        const tls = { maxVersion, session }
        const second = await token('alice', { certificate: bob, tls })
        assert.equal(second.isResumed, proven.sessions === 'resumed', maxVersion)
        // Whoever has the secrets of a session proved the certificate when it began.
        if (second.isResumed) assert.equal(boundTo(second), thumbprintOf(alice))
        else isRefused(second, 'client_certificate_name_mismatch', maxVersion)
      }
      await isServed('alice')
    })
  })
}
