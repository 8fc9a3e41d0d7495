/** The sequence of a theft, as rows of a picture and as sentences. */

import { lootWords } from './bag.ts'
import type { Act, Keepsake, Lane } from './keepsake.ts'

/** How an arrow is meant: an alarm is drawn as one. */
export type Tone = 'plain' | 'leak' | 'theft' | 'alarm' | 'loss' | 'calm'

/** One row of the picture. */
export type Row =
  | { readonly kind: 'band'; readonly text: string }
  | {
      readonly kind: 'arrow'
      readonly from: Lane
      readonly to: Lane
      readonly text: string
      readonly tone: Tone
      readonly line: 'solid' | 'dashed'
      readonly sentence: string
    }

/** Their names in the picture. */
export const laneNames: Readonly<Record<Lane, string>> = {
  person: 'Alice',
  thief: 'Thief',
  app: 'Tally',
  machine: 'Ledger',
  server: 'Server',
  bank: 'Bank',
}

const spoken: Readonly<Record<Lane, string>> = {
  person: 'Alice’s browser',
  thief: 'the thief',
  app: 'Tally, the app,',
  machine: 'Ledger, the machine,',
  server: 'the authorization server',
  bank: 'the bank',
}

const laneOrder: readonly Lane[] = ['person', 'thief', 'app', 'machine', 'server', 'bank']

/** The lanes that are needed, from left to right. */
export function lanesOf(rows: readonly Row[]): readonly Lane[] {
  const used = new Set(rows.flatMap((row) => (row.kind === 'arrow' ? [row.from, row.to] : [])))
  return laneOrder.filter((lane) => used.has(lane))
}

const parts = [
  { title: 'How it leaked', holds: ['leak'] },
  { title: 'The theft', holds: ['theft'] },
  { title: 'And then', holds: ['after', 'honest'] },
] as const

/** The rows of a theft, in the order things went over the wire. */
export function rowsOf({ acts, verdict }: Keepsake): readonly Row[] {
  return parts.flatMap(({ title, holds }) => {
    const own = acts.filter(({ part }) => holds.some((name) => name === part))
    if (own.length === 0) return []
    const arrows = own.flatMap((act) => arrowsOf(act, verdict)).toSorted((one, other) => one.at - other.at)
    return [{ kind: 'band', text: title }, ...arrows.map(({ row }) => row)]
  })
}

type Placed = { readonly at: number; readonly row: Row }

function arrowsOf(act: Act, verdict: Keepsake['verdict']): readonly Placed[] {
  const { from, to, method, sentAs, cameAs = sentAs } = act
  const path = shortPath(act.url)
  const request: Row = {
    kind: 'arrow',
    from,
    to,
    line: 'solid',
    text: `${method} ${path}`,
    tone: act.part === 'theft' ? 'theft' : isCalm(act) ? 'calm' : 'plain',
    sentence: `${capital(spoken[from])} sends ${method} ${path} to ${spoken[to].replace(/,$/, '')}.`,
  }
  const { text, tone, sentence } = answerOf(act, verdict)
  const answer: Row = { kind: 'arrow', from: to, to: from, line: 'dashed', text, tone, sentence }
  return [{ at: sentAs, row: request }, { at: cameAs, row: answer }, ...leakOf(act)]
}

/** The thief reads along. */
function leakOf({ leaks, from, sentAs, cameAs = sentAs }: Act): readonly Placed[] {
  if (leaks.length === 0 || from === 'thief') return []
  const what = [...new Set(leaks)].map((kind) => lootWords[kind].short).join(', ')
  const sentence = `The thief reads along and has: ${what}.`
  const row: Row = { kind: 'arrow', from, to: 'thief', text: what, tone: 'leak', line: 'dashed', sentence }
  return [{ at: cameAs + 0.5, row }]
}

function answerOf(act: Act, verdict: Keepsake['verdict']): { text: string; tone: Tone; sentence: string } {
  const { status = 0, end, said, to, part } = act
  const who = capital(spoken[to])
  if (end === 'stopped') {
    const text = said === undefined ? `${status}` : `${status} ${said}`
    const withheld = status < 400 ? `${who} answers ${status} and tells nothing.` : undefined
    return {
      text: withheld === undefined ? text : `${status}, told nothing`,
      tone: 'alarm',
      sentence: withheld ?? `${who} refuses: ${text}.`,
    }
  }
  if (end === 'nonce') {
    return {
      text: `${status} first a nonce`,
      tone: 'plain',
      sentence: `${who} answers ${status}: first a nonce, please.`,
    }
  }
  if (end === 'refused') {
    return {
      text: `${status} ${said ?? ''}`.trim(),
      tone: 'plain',
      sentence: `${who} refuses: ${status} ${said ?? ''}.`,
    }
  }
  const isLoss = verdict === 'succeeded' && part === 'theft' && status < 400
  return {
    text: status === 0 ? 'no answer' : `${status} ${reasonOf(status)}`.trim(),
    tone: isLoss ? 'loss' : isCalm(act) ? 'calm' : 'plain',
    sentence: status === 0 ? `${who} does not answer.` : `${who} answers ${status} ${reasonOf(status)}`.trim() + '.',
  }
}

function isCalm({ part, status = 0 }: Act): boolean {
  return (part === 'honest' || part === 'after') && status >= 200 && status < 300
}

function reasonOf(status: number): string {
  if (status === 200) return 'OK'
  if (status === 201) return 'Created'
  return status === 303 || status === 302 ? 'go on there' : ''
}

/** A path without what is long in it. */
function shortPath(url: string): string {
  const { pathname, searchParams } = new URL(url)
  const path = pathname
    .split('/')
    .map((part) => (part.length > 16 && !part.includes('-configuration') ? '…' : part))
    .join('/')
  const [first] = searchParams.keys()
  return first === undefined ? path : `${path}?${first}=…`
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}
