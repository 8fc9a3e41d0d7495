/** What is remembered of a theft: little enough to keep many, and all the pages show. */

import type { Performance } from '../performance.ts'
import type { Stage } from '../stage.ts'
import { correlationIdIn } from '../thief.ts'
import { type Exchange, fieldOf, type LootKind, type Message } from '../trace.ts'
import { type Artefact, artefactOf } from './bag.ts'

/** Who stands where in the picture. */
export type Lane = 'person' | 'thief' | 'app' | 'machine' | 'server' | 'bank'

/** One exchange as it is shown. */
export type Act = {
  readonly from: Lane
  readonly to: Lane
  readonly method: string
  readonly url: string
  readonly status: number | undefined
  readonly sentAs: number
  readonly cameAs: number | undefined
  readonly part: 'leak' | 'theft' | 'after' | 'honest'
  /** What the thief took from it. */
  readonly leaks: readonly LootKind[]
  /** What was said of a refusal on the wire. */
  readonly said: string | undefined
  /** `stopped`: the refusal of the theft itself. `nonce`: only asked for a nonce first. */
  readonly end: 'stopped' | 'nonce' | 'refused' | 'plain'
  readonly request: Message
  readonly answer: Message
}

/** A theft that was tried, to be looked at again. */
export type Keepsake = Omit<Performance, 'loot' | 'exchanges' | 'honestFrom' | 'failure'> & {
  readonly artefacts: readonly Artefact[]
  readonly acts: readonly Act[]
  readonly failure: string | undefined
}

/** How much is kept: exchanges of one theft, and characters of one body. */
const most = { acts: 16, bodyCharacters: 1_200 } as const

/** The header fields that are worth showing. */
const shownFields: ReadonlySet<string> = new Set([
  'authorization',
  'dpop',
  'cookie',
  'content-type',
  'location',
  'www-authenticate',
  'dpop-nonce',
  'x-correlation-id',
])

/** The theft, cut down to what is shown. */
export function keepsakeOf(performance: Performance, stage: Stage): Keepsake {
  const { theft, verdict, status, incident, consequences, honest, whose, loot, failure } = performance
  const acts = performance.exchanges.flatMap((exchange, index) => {
    const part = partOf(performance, exchange, index, stage)
    return part === undefined ? [] : [actOf(performance, exchange, part, stage)]
  })
  return {
    theft,
    verdict,
    status,
    incident,
    consequences,
    honest,
    whose,
    failure,
    artefacts: loot.map(artefactOf),
    acts: withoutRepeats(acts).slice(0, most.acts),
  }
}

/** Which part an exchange plays; what only leads up to something plays none. */
function partOf(
  { loot, honestFrom }: Performance,
  exchange: Exchange,
  index: number,
  { bank, statements }: Stage,
): Act['part'] | undefined {
  if (index >= honestFrom) {
    const { url, from } = exchange
    const isHonestCall = url === `${bank}/accounts` || url === `${statements}/statements`
    return isHonestCall && (from === 'app' || from === 'machine') ? 'honest' : undefined
  }
  if (exchange.phase === 'theft') return 'theft'
  if (exchange.phase === 'after') return 'after'
  return loot.some(({ from }) => from === exchange) ? 'leak' : undefined
}

function actOf({ loot, incident }: Performance, exchange: Exchange, part: Act['part'], stage: Stage): Act {
  const { from, method, url, request, sentAs, answer } = exchange
  const id = answer === undefined ? undefined : (correlationIdIn(answer.body) ?? fieldOf(answer, 'x-correlation-id'))
  const rule = stage.incidents.find(id)?.rule
  const isStopped = id !== undefined && id === incident?.correlationId
  const isNonce = rule === 'dpop_nonce_missing' || rule === 'dpop_nonce_invalid'
  return {
    from,
    method,
    url,
    sentAs,
    part,
    to: laneAt(new URL(url).origin, stage),
    status: answer?.status,
    cameAs: answer?.cameAs,
    leaks: loot.filter((piece) => piece.from === exchange).map(({ kind }) => kind),
    said: answer === undefined ? undefined : ruleSaid(answer.body),
    end: isStopped ? 'stopped' : isNonce ? 'nonce' : rule === undefined ? 'plain' : 'refused',
    request: trimmed(request),
    answer: trimmed(answer ?? { headers: [], body: '' }),
  }
}

/** The name of the refusal, in JSON or on a page. */
function ruleSaid(body: string): string | undefined {
  return /"rule":"([a-z_]+)"/.exec(body)?.[1] ?? /<code[^>]*>([a-z]+(?:_[a-z]+)+)<\/code>/.exec(body)?.[1]
}

function laneAt(origin: string, { issuer, mtls, app }: Stage): Lane {
  if (origin === issuer || origin === mtls) return 'server'
  return origin === app ? 'app' : 'bank'
}

function trimmed({ headers, body }: Message): Message {
  return {
    headers: headers.filter(([name]) => shownFields.has(name)),
    body: body.length > most.bodyCharacters ? `${body.slice(0, most.bodyCharacters)}…` : body,
  }
}

/** Whoever does the same again after the theft is shown once. */
function withoutRepeats(acts: readonly Act[]): readonly Act[] {
  const isLater = (act: Act) => act.part === 'after' || act.part === 'honest'
  const alike = (one: Act, other: Act) =>
    isLater(other) && one.from === other.from && one.url === other.url && one.status === other.status
  return acts.filter((act, index) => !isLater(act) || !acts.slice(index + 1).some((other) => alike(act, other)))
}
