/** The log: one line for each event, made of the fields of an AuditEvent and nothing else. */

import { pino } from 'pino'
import type { Audit, AuditEvent } from '../core/ports.ts'

/** How much is logged: `info` has every event, `warn` refusals and failures, `error` failures only. */
export const logLevels = ['error', 'warn', 'info'] as const
export type LogLevel = (typeof logLevels)[number]

/** Where lines go. `write` takes one or more whole lines; `flush` waits for nothing and loses nothing. */
export type LogSink = { readonly write: (lines: string) => void; readonly flush: () => void }

/** A log that takes events. */
export type Log = { readonly audit: Audit; readonly flush: () => void }

/** The level of each outcome. */
const levelOf = { done: 'info', refused: 'warn', failed: 'error' } as const satisfies Record<
  AuditEvent['outcome'],
  LogLevel
>

/**
 * Standard output, buffered for at most a quarter of a second so that a request does not pay for a write of its own;
 * what a stalled reader does not take within 8 MB is dropped rather than kept in memory.
 */
export function standardOutput(): LogSink {
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: 4096,
    maxLength: 8_388_608,
    periodicFlush: 250,
  })
  return { write: (lines) => void destination.write(lines), flush: () => destination.flushSync() }
}

/** JSON lines for machines. Never throws. */
export function createJsonLog(options: { readonly level: LogLevel; readonly sink: LogSink }): Log {
  const { level, sink } = options
  // Without pid and host name: whoever collects the lines knows them.
  const logger = pino({ level, base: null, timestamp: false, messageKey: 'message' }, { write: sink.write })
  return { audit: auditTo(logger), flush: sink.flush }
}

/** Short lines for people at a terminal. Never throws. */
export function createTerminalLog(options: { readonly level: LogLevel; readonly sink: LogSink }): Log {
  const { level, sink } = options
  const shown = logLevels.slice(0, logLevels.indexOf(level) + 1)
  const audit: Audit = (event) => {
    if (!shown.includes(levelOf[event.outcome])) return
    quietly(() => sink.write(`${terminalLine(event)}\n`))
  }
  return { audit, flush: sink.flush }
}

/** What of pino an audit needs. */
export type AuditLogger = Readonly<Record<LogLevel, (fields: object, message: string) => void>>

/** Notes events in a logger, the field names in snake_case. Never throws. */
export function auditTo(logger: AuditLogger): Audit {
  return (event) => quietly(() => logger[levelOf[event.outcome]](fieldsOf(event), `${event.step} ${event.outcome}`))
}

function quietly(note: () => void): void {
  try {
    note()
  } catch {
    // A log that cannot be written must not turn an answer into a failure.
  }
}

/** Member by member, so that nothing that is not listed here is ever logged. */
function fieldsOf(event: AuditEvent): object {
  return {
    time: event.time,
    correlation_id: event.correlationId,
    step: event.step,
    outcome: event.outcome,
    rule: event.rule,
    status: event.status,
    client_id: event.clientId,
    sub: event.subject,
    peer_address: event.peerAddress,
    detail: event.detail,
    ...(event.outcome === 'failed' ? { cause: causeOf(event.cause, 3) } : {}),
  }
}

/** What a bug said of itself, and what was behind it. Members that libraries hang on their errors are left out. */
function causeOf(cause: unknown, depth: number): object | undefined {
  if (!(cause instanceof Error) || depth === 0) return undefined
  const { name, message, stack } = cause
  return { name, message, stack, cause: causeOf(cause.cause, depth - 1) }
}

function terminalLine(event: AuditEvent): string {
  const time = new Date(event.time * 1000).toISOString().slice(11, 19)
  const what = event.rule ?? (event.cause instanceof Error ? `${event.cause.name}: ${event.cause.message}` : '')
  const whom = [event.clientId, event.subject].filter((name) => name !== undefined).join(' ')
  const line = [
    time,
    event.outcome.padEnd(7),
    String(event.status),
    event.step.padEnd(13),
    what,
    event.detail,
    whom,
    event.peerAddress,
    event.outcome === 'done' ? '' : event.correlationId,
  ]
  return plain(line.filter((part) => part !== undefined && part !== '').join('  '))
}

/** Without control characters, with which a stranger could write to the terminal. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
