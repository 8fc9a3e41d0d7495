import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../core/ports.ts'
import { newCorrelationId } from '../../core/correlation.ts'
import { createReplayMemory } from '../../core/replay-memory.ts'
import { nodeGuardPorts } from './node.ts'

test('[RS-TOK-08] the ports reach the issuers and nobody else', async () => {
  const { fetchJson } = nodeGuardPorts({ issuers: ['http://127.0.0.1:9'], keyOrigins: ['http://127.0.0.1:10'] })
  const reasonOf = (url: string) =>
    fetchJson(url).then(
      () => '',
      (error: unknown) => String(error),
    )
  assert.match(await reasonOf('http://127.0.0.1:11/jwks'), /origin_not_allowed/)
  assert.doesNotMatch(await reasonOf('http://127.0.0.1:9/jwks'), /origin_not_allowed/)
  assert.doesNotMatch(await reasonOf('http://127.0.0.1:10/jwks'), /origin_not_allowed/)
  assert.throws(() => nodeGuardPorts({ issuers: ['http://as.example.com'] }), TypeError)
})

test('[RS-DPOP-07] what is passed in is used, what is not is made for this process alone', () => {
  const audit = () => {}
  const replay = createReplayMemory({ clock: nodeGuardPorts({ issuers: [] }).clock })
  const standing = async () => 'live' as const
  const ports = nodeGuardPorts({ issuers: [], audit, replay, standing })
  assert.deepEqual([ports.audit, ports.replay, ports.standing], [audit, replay, standing])
  const other = nodeGuardPorts({ issuers: [] })
  assert.notEqual(other.replay, replay)
  assert.notEqual(other.mac('x'), ports.mac('x'))
})

test('[RS-ERR-02] a refusal is one line of JSON on standard error', (t) => {
  const written: string[] = []
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0)
  const { audit, random, clock } = nodeGuardPorts({ issuers: [] })
  const event: AuditEvent = {
    correlationId: newCorrelationId(random),
    time: clock(),
    step: 'guard',
    outcome: 'failed',
    rule: undefined,
    status: 500,
    clientId: undefined,
    subject: undefined,
    peerAddress: '127.0.0.1',
    detail: 'two\nlines',
    cause: new RangeError('a bug'),
  }
  audit(event)
  audit({ ...event, cause: undefined })
  t.mock.restoreAll()
  assert.equal(written.length, 2)
  const [line = ''] = written
  assert.equal(line.split('\n').length, 2)
  const parsed: Record<string, unknown> = JSON.parse(line)
  assert.equal(parsed['cause'], 'RangeError: a bug')
  assert.equal(parsed['correlationId'], event.correlationId)
})
