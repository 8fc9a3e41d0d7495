/**
 * What tests saw, for `npm run coverage`: the refusals that came back, and what a test says was there, each under the
 * test during which it happened. Nothing is noted unless STRONGROOM_OBSERVATIONS names a directory.
 */

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'node:test'
import { isJsonObject } from '../src/core/names.ts'
import type { AuditEvent } from '../src/core/ports.ts'

/** A refusal as it came back. */
export type Outcome = {
  /** The precise slug, where something of ours refused. */
  readonly rule: string | undefined
  /** The `error` on the wire; `none` for a challenge without one, `page` for a page that says it in words. */
  readonly error: string
  readonly status: number
  readonly step: string | undefined
}

/** One line of a file of observations, beside the full name of the test. */
export type Observation =
  | ({ readonly test: string; readonly kind: 'refusal' } & Outcome)
  | { readonly test: string; readonly kind: 'row'; readonly row: string; readonly what: string }
  | { readonly test: string; readonly kind: 'vector'; readonly rule: string }

/** What tells the error of an answer. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const directory = process.env['STRONGROOM_OBSERVATIONS']
// Programs that a test starts take no part, and would wonder what the variable means.
delete process.env['STRONGROOM_OBSERVATIONS']
const running: string[] = []
/** Tests that ran beside another one, whose observations are nobody's. */
const overlapping = new Set<string>()
const noted = new Set<string>()

if (directory !== undefined) {
  beforeEach((t) => {
    if ('fullName' in t) begin(t.fullName)
  })
  afterEach((t) => {
    if ('fullName' in t) end(t.fullName)
  })
}

function begin(test: string): void {
  const others = running.filter((name) => !test.startsWith(`${name} > `))
  if (others.length > 0) for (const name of [...others, test]) overlapping.add(name)
  running.push(test)
}

function end(test: string): void {
  const index = running.lastIndexOf(test)
  if (index >= 0) running.splice(index, 1)
  overlapping.delete(test)
}

/** Notes a refusal that came back. */
export function observe({ rule, error, status, step }: Outcome): void {
  note({ kind: 'refusal', rule, error, status, step })
}

/** Notes an answer, if it is a refusal, with the rule and the step that the audit names. */
export function observeAnswer(answer: Answer, { rule, step }: Pick<Outcome, 'rule' | 'step'>): void {
  if (directory === undefined || (rule === undefined && answer.status < 400)) return
  observe({ rule, error: errorOf(answer), status: answer.status, step })
}

/** Notes a response on its way to a socket, by what the audit has under its correlation id, and returns it. */
export async function observeResponse(response: Response, events: readonly AuditEvent[]): Promise<Response> {
  if (directory === undefined) return response
  const { status, headers } = response
  const text = await response.clone().text()
  const id = headers.get('x-correlation-id')
  const event = events.findLast(({ correlationId }) => correlationId === id)
  observeAnswer({ status, headers, text }, { rule: event?.rule, step: event?.step })
  return response
}

/**
 * Notes that what a row demands was seen, where no refusal of ours shows it: a header, a failed handshake, an error of
 * the client. To be called right after the assertion, with what came back.
 */
export function observed(row: string, what: string): void {
  note({ kind: 'row', row, what })
}

/** Notes that a vector was run and held, by the rule it expects; undefined for one that is accepted. */
export function observeVector(rule: unknown): void {
  if (typeof rule === 'string') note({ kind: 'vector', rule })
}

/** The `error` of an answer: of its challenge, of its redirect, of its JSON. RFC 6750 §3; RFC 6749 §4.1.2.1, §5.2. */
export function errorOf({ headers, text }: Answer): string {
  const challenge = headers.get('www-authenticate')
  const type = headers.get('content-type') ?? ''
  const target = headers.get('location')
  if (target !== null && URL.canParse(target)) return new URL(target).searchParams.get('error') ?? 'none'
  const inChallenge = /\berror="([^"]*)"/.exec(challenge ?? '')?.[1]
  if (inChallenge !== undefined) return inChallenge
  if (type.startsWith('text/html')) return 'page'
  const json = type.includes('json') ? parsed(text) : undefined
  // RFC 6750 §3.1: who brought no credential is told no error in the challenge, whatever the body says.
  if (/^(DPoP|Bearer)\b/i.test(challenge ?? '')) return 'none'
  return isJsonObject(json) && typeof json['error'] === 'string' ? json['error'] : 'none'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Unnamed<T> = T extends unknown ? Omit<T, 'test'> : never

function note(observation: Unnamed<Observation>): void {
  if (directory === undefined) return
  const test = runningTest()
  if (test === undefined) return
  const line = JSON.stringify({ test, ...observation })
  // What a test sees ten thousand times is written once.
  if (noted.has(line)) return
  noted.add(line)
  appendFileSync(join(directory, `${process.pid}.jsonl`), `${line}\n`)
}

/** The test that runs now; undefined between tests, and where several run beside one another. */
function runningTest(): string | undefined {
  return overlapping.size > 0 ? undefined : running.at(-1)
}
