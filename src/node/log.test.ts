import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientId, correlationId, numericDate, subject } from '../core/names.ts'
import type { AuditEvent } from '../core/ports.ts'
import { auditTo, createJsonLog, createTerminalLog } from './log.ts'

function anEvent(more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    correlationId: correlationId('0123456789abcdef'),
    time: numericDate(1_700_000_000),
    step: 'token',
    outcome: 'refused',
    rule: 'parameter_missing',
    status: 400,
    clientId: clientId('client-1'),
    subject: subject('alice'),
    peerAddress: '127.0.0.1',
    detail: 'code_verifier',
    cause: undefined,
    ...more,
  }
}

function aSink() {
  const lines: string[] = []
  return { lines, write: (text: string) => void lines.push(text), flush: () => undefined }
}

test('[OPS-03] an event is one JSON line with the fields of an AuditEvent and nothing else', () => {
  const sink = aSink()
  const extra = { ...anEvent(), password: 'hunter2', cause: new Error('not shown for a refusal') }
  createJsonLog({ level: 'info', sink }).audit(extra)
  assert.equal(sink.lines.length, 1)
  assert.match(sink.lines[0] ?? '', /^\{.*\}\n$/)
  assert.deepEqual(JSON.parse(sink.lines[0] ?? ''), {
    level: 40,
    time: 1_700_000_000,
    correlation_id: '0123456789abcdef',
    step: 'token',
    outcome: 'refused',
    rule: 'parameter_missing',
    status: 400,
    client_id: 'client-1',
    sub: 'alice',
    peer_address: '127.0.0.1',
    detail: 'code_verifier',
    message: 'token refused',
  })
})

test('a failure says what broke, without what libraries hang on errors', () => {
  const sink = aSink()
  const cause = Object.assign(new TypeError('no such member', { cause: new Error('below') }), { password: 'hunter2' })
  createJsonLog({ level: 'error', sink }).audit(anEvent({ outcome: 'failed', rule: undefined, status: 500, cause }))
  const line = JSON.parse(sink.lines[0] ?? '')
  assert.equal(line.cause.message, 'no such member')
  assert.equal(line.cause.cause.message, 'below')
  assert.match(line.cause.stack, /log\.test\.ts/)
  assert.ok(!(sink.lines[0] ?? '').includes('hunter2'))
})

for (const [name, create] of [
  ['JSON', createJsonLog],
  ['terminal', createTerminalLog],
] as const) {
  test(`${name}: the level leaves out what is less serious`, () => {
    for (const [level, shown] of [
      ['info', 3],
      ['warn', 2],
      ['error', 1],
    ] as const) {
      const sink = aSink()
      const { audit } = create({ level, sink })
      for (const outcome of ['done', 'refused', 'failed'] as const) audit(anEvent({ outcome }))
      assert.equal(sink.lines.length, shown)
    }
  })

  test(`${name}: nothing a stranger sent breaks the line or reaches the terminal`, () => {
    const sink = aSink()
    create({ level: 'info', sink }).audit(anEvent({ detail: 'a\nb\u001b[31mred\u202e\u2028' }))
    assert.equal(sink.lines.length, 1)
    assert.equal(sink.lines[0]?.split('\n').length, 2)
    assert.ok(!sink.lines[0]?.includes('\u001b'))
  })

  test(`${name}: a log that cannot be written does not throw`, () => {
    const broken = {
      write: () => {
        throw new Error('disk full')
      },
      flush: () => undefined,
    }
    create({ level: 'info', sink: broken }).audit(anEvent())
  })
}

test('a terminal line is short and names the refusal and where to find it again', () => {
  const sink = aSink()
  createTerminalLog({ level: 'info', sink }).audit(anEvent())
  assert.equal(
    sink.lines[0],
    '22:13:20  refused  400  token          parameter_missing  code_verifier  client-1 alice  127.0.0.1  0123456789abcdef\n',
  )
})

test('a logger that throws is borne', () => {
  const thrower = () => {
    throw new Error('broken')
  }
  auditTo({ info: thrower, warn: thrower, error: thrower })(anEvent())
})
