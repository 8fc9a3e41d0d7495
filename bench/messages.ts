/** What the benchmark and its load generator say to each other. */

import { isJsonObject } from '../src/core/names.ts'

/** The rows that can be measured, in the order they are printed. */
export const works = ['par', 'token-client-credentials', 'token-refresh', 'introspection', 'whole-flow'] as const

/** The name of a row. */
export type Work = (typeof works)[number]

/** Sign requests and open connections; or send what was prepared. */
export type LoadTask =
  | { readonly do: 'prepare'; readonly work: Work; readonly origin: string; readonly requests: number }
  | { readonly do: 'send' }

/** What came of it: nothing yet, a window, or a failure. Times in milliseconds. */
export type LoadReport =
  | { readonly kind: 'prepared' }
  | {
      readonly kind: 'sent'
      readonly requests: number
      readonly seconds: number
      readonly p50: number
      readonly p99: number
      readonly errors: number
      readonly firstError: string
    }
  | { readonly kind: 'failed'; readonly message: string }

/** A task as it came, or undefined. */
export function parseLoadTask(message: unknown): LoadTask | undefined {
  if (!isJsonObject(message)) return undefined
  const { work: name, origin, requests } = message
  if (message['do'] === 'send') return { do: 'send' }
  const work = works.find((known) => known === name)
  if (work === undefined || typeof origin !== 'string' || typeof requests !== 'number') return undefined
  return { do: 'prepare', work, origin, requests }
}

/** A report as it came. @throws TypeError */
export function parseLoadReport(message: unknown): LoadReport {
  if (!isJsonObject(message)) throw new TypeError('not a report')
  const { kind, requests, seconds, p50, p99, errors, firstError } = message
  if (kind === 'prepared') return { kind }
  if (kind === 'failed') return { kind, message: String(message['message']) }
  if (kind !== 'sent') throw new TypeError('not a report')
  return {
    kind,
    requests: Number(requests),
    seconds: Number(seconds),
    p50: Number(p50),
    p99: Number(p99),
    errors: Number(errors),
    firstError: String(firstError),
  }
}
