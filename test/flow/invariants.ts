/** What holds of every answer of the server, whatever was asked. `world.send` checks it after every request. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type EventSource, eventTypes } from '../../src/core/events.ts'
import type { AuditEvent, Connection } from '../../src/core/ports.ts'
import { publicRefusal, ruleOf, steps } from '../../src/core/rules.ts'
import type { Reply } from './reply.ts'

/** What a refusal may leave behind, by step: the counting of it, and what it ends. */
const allowedOnRefusal: Readonly<Record<string, readonly string[]>> = {
  par: [],
  authorization: ['requests.open', 'requests.refuse'],
  // `forget`: the password was right, of somebody the request is not about.
  // `spendOnce`: a passkey of which there is a copy answered its challenge all the same.
  // `passkeys`: it signed in somebody whom the request is not about, or was removed before that counted.
  // `users`: another provider signed somebody in whom the request is not about.
  // `sessions`: somebody came back from the sign-in application when the request was completed elsewhere.
  interaction: [
    'attempts.raise',
    'attempts.takeBack',
    'attempts.forget',
    'requests.refuse',
    'replay.spendOnce',
    'passkeys.use',
    'users.add',
    'users.setClaims',
    'sessions.start',
    'sessions.end',
  ],
  account: ['replay.spendOnce'],
  token: [
    'replay.spendOnce',
    'requests.redeem: mismatched',
    'requests.redeem: replayed',
    'requests.redeem: redeemed',
    // For more than was granted: the token was used, and nothing else comes of it.
    'refreshTokens.present',
  ],
  introspection: ['replay.spendOnce'],
  // `users`: the person is known by then, and the request was completed elsewhere at that moment.
  decision: ['replay.spendOnce', 'users.add', 'users.setClaims'],
  // Of a token that is not theirs: who asked is known by then.
  revocation: ['replay.spendOnce'],
  // Only for a token of ours about a person who is gone: that is found last.
  userinfo: ['replay.spendOnce'],
  logout: [],
  metadata: [],
}

/** Holds one answer, and what the audit says of it, against all of it. */
export function checkAnswer(reply: Reply, events: readonly AuditEvent[], asked: string): void {
  const about = `${asked}: ${reply.status} ${String(reply.rule)} ${reply.text.slice(0, 300)}`
  checkHeaders(reply, about)
  if (reply.headers.get('x-correlation-id') === null) {
    // A public document: cacheable, the same for everybody, not audited.
    assert.equal(reply.status, 200, about)
    assert.equal(reply.headers.get('cache-control'), 'public, max-age=300', about)
    return
  }
  assert.equal(reply.headers.get('cache-control'), 'no-store', about)
  const [event, ...more] = events
  assert.ok(event !== undefined && more.length === 0, `one audit event: ${about}`)
  assert.notEqual(event.outcome, 'failed', `${about} ${String(event.cause)} ${stackOf(event.cause)}`)
  assert.equal(event.status, reply.status, about)
  assert.equal(event.outcome === 'refused', event.rule !== undefined, about)
  if (event.rule !== undefined) checkRefusal(reply, event, about)
}

/**
 * Holds the trail against the answer: a refusal is the one event of its rule, a success at most one that wakes nobody,
 * and nothing else is raised but the alarm of a header that only the proxy may send.
 */
export function checkTrail(
  { rule, event, status }: Reply,
  all: readonly EventSource[],
  sent: { readonly certificateTrouble?: Connection['certificateTrouble']; readonly asked: string },
): void {
  // What does not arrive in the background may be told before the answer is read.
  const raised = all.filter(({ type }) => type !== 'user.logout.undelivered')
  const about = `${sent.asked}: ${status} ${String(rule)} raised ${JSON.stringify(raised)}`
  const spoofed = raised.filter(({ type }) => type === 'mtls.header.spoofed')
  const wasSpoofed = event !== undefined && sent.certificateTrouble === 'header_from_unlisted_peer'
  assert.equal(spoofed.length, wasSpoofed ? 1 : 0, about)
  const own = raised.filter((one) => !spoofed.includes(one))
  for (const one of raised) {
    assert.equal(one.endpoint, event?.step, about)
    assert.equal(one.status, status, about)
    assert.equal(one.clientId, event?.clientId, about)
    assert.equal(one.peerAddress, event?.peerAddress, about)
  }
  if (rule === undefined) {
    assert.ok(own.length <= 1, about)
    for (const { type, outcome } of own) {
      assert.ok(outcome === 'blocked' || ['info', 'notice'].includes(eventTypes[type]), `nobody is woken: ${about}`)
    }
    return
  }
  const { event: type, attacks } = ruleOf(rule)
  const expected = type === 'none' ? [] : [{ type, reason: rule, attacks }]
  assert.deepEqual(
    own.map((one) => ({
      type: isFinerThan(type, one.type) ? type : one.type,
      reason: one.reason,
      attacks: one.attacks,
    })),
    expected,
    about,
  )
  for (const { outcome } of own) assert.notEqual(outcome, 'allowed', about)
}

/** Where more may be known than the rule: an algorithm that forges nothing, and what would be dear to read. */
function isFinerThan(ofRule: string, told: string): boolean {
  if (ofRule === 'jose.forgery') return told === 'jose.malformed'
  return ofRule === 'jose.malformed' && told === 'jose.bomb_refused'
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? '') : ''
}

function checkHeaders({ status, headers, stored, text }: Reply, about: string): void {
  assert.ok(status < 500 || status === 503, about)
  assert.ok(status < 300 || status >= 400 || status === 303, `303 is the only redirect: ${about}`)
  for (const [name] of headers) assert.ok(!name.startsWith('access-control-'), about)
  assert.equal(headers.get('x-content-type-options'), 'nosniff', about)
  assert.equal(headers.get('referrer-policy'), 'no-referrer', about)
  assert.equal(headers.get('strict-transport-security'), 'max-age=63072000; includeSubDomains; preload', about)
  assert.ok(!(headers.get('dpop-nonce') ?? '').includes(','), `one nonce: ${about}`)
  for (const cookie of headers.getSetCookie()) {
    const ended = cookie.startsWith('__Host-strongroom-session=; ')
    if (!ended) assert.match(cookie, /^__Host-strongroom-(browser|session)=[\w.-]+; /, about)
    assert.deepEqual(cookie.split('; ').slice(1).toSorted(), [
      'HttpOnly',
      ended ? 'Max-Age=0' : 'Max-Age=3600',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ])
  }
  if (headers.get('content-type')?.startsWith('text/html') === true) checkPage(headers, text, about)
  if (status >= 400) assert.ok(!stored.includes('requests.push') && !stored.includes('requests.approve'), about)
}

function checkPage(headers: Headers, text: string, about: string): void {
  const policy = headers.get('content-security-policy') ?? ''
  // Only the script that is there is allowed, to the byte; there is one where it has a form to fill, and nowhere else.
  const scripts = [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, script = '']) => digestOf(script))
  assert.deepEqual(policy.match(/(?<=script-src 'sha256-)[\w+/]{43}/g) ?? [], scripts, about)
  assert.equal(scripts.length, text.includes('data-passkey=') ? 1 : 0, about)
  assert.match(
    policy,
    /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; (script-src 'sha256-[\w+/]{43}='; )?form-action 'self'( [a-z]+:\/\/[^ ;]+)*; frame-ancestors 'none'; base-uri 'none'$/,
    about,
  )
  assert.equal(headers.get('x-frame-options'), 'DENY', about)
  assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', about)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').replace(/=$/, '')
}

function checkRefusal(reply: Reply, event: AuditEvent, about: string): void {
  const { rule, step } = event
  assert.ok(rule !== undefined, about)
  const known = steps.find((name) => name === step)
  if (known !== undefined) assert.ok(ruleOf(rule).at.includes(known), `the table knows of ${rule} at ${step}: ${about}`)
  for (const write of reply.stored) {
    assert.ok(allowedOnRefusal[step]?.includes(write), `${write} after a refusal: ${about}`)
  }
  const refusal = publicRefusal(rule)
  if (reply.status === 303) {
    const back = new URL(reply.headers.get('location') ?? '').searchParams
    assert.equal(back.get('error'), refusal.error, about)
    return checkDescription(back.get('error_description'), about)
  }
  const atResource = step === 'userinfo' && /dpop/.test(refusal.error)
  assert.equal(reply.status, atResource ? 401 : refusal.status, about)
  if (reply.headers.get('content-type') !== 'application/json' || reply.text === '') return
  assert.equal(reply.json['error'], refusal.error, about)
  assert.equal(reply.json['rule'], refusal.slug, about)
  assert.equal(reply.json['correlation_id'], event.correlationId, about)
  checkDescription(reply.json['error_description'], about)
}

/** RFC 6749 §5.2. */
function checkDescription(text: unknown, about: string): void {
  assert.ok(typeof text === 'string', about)
  assert.match(text, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, about)
}
