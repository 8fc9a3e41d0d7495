/** What belongs together: the exchanges of one heist, whoever made them. W3C Trace Context. */

import { AsyncLocalStorage } from 'node:async_hooks'
import { random } from '../node/runtime.ts'

/** Who sends a request. */
export type Party = 'person' | 'thief' | 'app' | 'machine' | 'bank'

/** A way to send requests. */
export type Sender = (url: string, init: RequestInit) => Promise<Response>

/** What a thief may have got hold of. */
export type LootKind =
  | 'access_token'
  | 'dpop_proof'
  | 'authorization_code'
  | 'callback_url'
  | 'refresh_token'
  | 'request_uri'
  | 'page_url'
  | 'client_assertion'
  | 'machine_token'

/** Header fields in the order they were sent. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** One side of an exchange. */
export type Message = { readonly headers: Fields; readonly body: string }

/** One request and what came back, in the order both went over the wire. */
export type Exchange = {
  readonly from: Party
  readonly url: string
  readonly method: string
  readonly request: Message
  readonly phase: 'before' | 'theft' | 'after'
  /** The place of the request among all messages of the trace. */
  readonly sentAs: number
  answer: (Message & { readonly status: number; readonly cameAs: number }) | undefined
}

/** Something a thief got hold of, and the exchange it leaked from. */
export type Loot = { readonly kind: LootKind; readonly value: string; readonly from: Exchange | undefined }

/** The exchanges and the loot of one heist. */
export type Trace = {
  readonly id: string
  readonly exchanges: Exchange[]
  readonly loot: Loot[]
  messages: number
  isStriking: boolean
}

/** How many exchanges one trace holds, and how many characters of one body. */
const most = { exchanges: 120, loot: 12, bodyCharacters: 16_384 } as const

const current = new AsyncLocalStorage<Trace>()

/** The traces that are under way, for requests that come in with their name. */
const underWay = new Map<string, Trace>()

/** Runs it with a trace of its own. */
export async function traced<T>(run: (trace: Trace) => Promise<T>): Promise<T> {
  // The form of a trace id is 16 bytes in hex. W3C Trace Context §3.2.2.3.
  const id = Buffer.from(random(16), 'base64url').toString('hex')
  const trace: Trace = { id, exchanges: [], loot: [], messages: 0, isStriking: false }
  underWay.set(id, trace)
  try {
    return await current.run(trace, () => run(trace))
  } finally {
    underWay.delete(id)
  }
}

/** The header that names the current trace to the next server. */
export function traceHeader(): Readonly<Record<string, string>> {
  const trace = current.getStore()
  if (trace === undefined) return {}
  return { traceparent: `00-${trace.id}-${trace.id.slice(0, 16)}-01` }
}

/** Handles a request as part of the trace it names, if that is under way. */
export function continued<T>(traceparent: string | null, handle: () => T): T {
  const [, id = ''] = traceparent?.split('-') ?? []
  const trace = underWay.get(id)
  return trace === undefined ? handle() : current.run(trace, handle)
}

/** What is sent meanwhile is the theft itself, whoever sends it. */
export async function strike<T>(act: () => Promise<T>): Promise<T> {
  const trace = current.getStore()
  if (trace === undefined) return act()
  trace.isStriking = true
  try {
    return await act()
  } finally {
    trace.isStriking = false
  }
}

/** A sender whose exchanges are kept in the current trace. */
export function observed(from: Party, sender: Sender): Sender {
  return async (url, init) => {
    const trace = current.getStore()
    if (trace === undefined) return sender(url, init)
    const exchange = begin(trace, from, url, init)
    const response = await sender(url, init)
    const body = await response.clone().text()
    trace.messages += 1
    const { status } = response
    exchange.answer = { status, headers: [...response.headers], body: cut(body), cameAs: trace.messages }
    return response
  }
}

function begin(trace: Trace, from: Party, url: string, { method = 'GET', headers, body }: RequestInit): Exchange {
  trace.messages += 1
  const hasStruck = trace.exchanges.some(({ phase }) => phase === 'theft')
  const exchange: Exchange = {
    from,
    url,
    method,
    request: { headers: [...new Headers(headers)], body: cut(bodyOf(body)) },
    phase: trace.isStriking ? 'theft' : hasStruck ? 'after' : 'before',
    sentAs: trace.messages,
    answer: undefined,
  }
  if (trace.exchanges.length < most.exchanges) trace.exchanges.push(exchange)
  return exchange
}

/** The text of a request body. */
export function bodyOf(body: RequestInit['body']): string {
  return body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : ''
}

function cut(text: string): string {
  return text.slice(0, most.bodyCharacters)
}

/** The latest exchange of the current trace that fits. */
export function latestExchange(fits: (exchange: Exchange) => boolean): Exchange | undefined {
  return current.getStore()?.exchanges.findLast(fits)
}

/** Puts something into the bag of the thief; it leaked from the latest exchange that holds it, unless told. */
export function take(kind: LootKind, value: string, from = latestExchange((exchange) => holds(exchange, value))): void {
  const loot = current.getStore()?.loot
  if (loot !== undefined && loot.length < most.loot) loot.push({ kind, value, from })
}

function holds({ url, request, answer }: Exchange, value: string): boolean {
  const fields = [...request.headers, ...(answer?.headers ?? [])].map(([, text]) => text)
  return value !== '' && [url, request.body, answer?.body ?? '', ...fields].some((text) => text.includes(value))
}

/** A header field of a message. */
export function fieldOf({ headers }: Message, name: string): string | undefined {
  return headers.find(([field]) => field === name)?.[1]
}
