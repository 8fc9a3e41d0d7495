/** What the pages say, in the language of whoever reads them. */

import { inLanguage, type LocalText } from '../core/local-text.ts'
import type { NumericDate } from '../core/names.ts'
import type { PublicRefusal } from '../core/rules.ts'
import { html, type Markup } from './markup.ts'
import {
  type Messages,
  type PersonalEvent,
  personalEvents,
  type PlaceholdersOf,
  type TextKey,
} from './messages/messages.ts'

/** What stands in the place of each placeholder of a text; the argument is left out where there is none. */
type Filling<Key extends TextKey> = [PlaceholdersOf<Key>] extends [never]
  ? readonly []
  : readonly [values: Readonly<Record<PlaceholdersOf<Key>, string | Markup>>]

/** One language, ready to speak. */
export type Voice = {
  readonly language: string
  readonly direction: 'ltr' | 'rtl'
  /** A text with its placeholders filled in. */
  readonly say: <Key extends TextKey>(key: Key, ...filling: Filling<Key>) => Markup
  /** A text without placeholders. */
  readonly plain: (key: TextKey) => string
  /** A date and time, with its zone. */
  readonly date: (time: NumericDate) => Markup
  /** A span in its largest unit, rounded up: what is promised is never shorter than what will be. */
  readonly span: (seconds: number) => string
  readonly list: (items: readonly string[]) => string
  readonly count: (number: number) => string
  /** What a kind of event is called; undefined where it has no words of its own. */
  readonly event: (type: string) => string | undefined
  /** A refusal in this language, or in English and marked as that. */
  readonly refusal: (refusal: PublicRefusal) => { readonly sentence: Markup; readonly hint: Markup }
}

/** Makes a thing when it is first asked for: what formats dates takes ten megabytes, and many servers show no page. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined
  return () => {
    made ??= { it: make() }
    return made.it
  }
}

/** The voice of a language. */
export function createVoice(messages: Messages): Voice {
  const { language, direction } = messages
  const dates = lazily(
    () =>
      new Intl.DateTimeFormat(language, {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        timeZone: 'UTC',
        timeZoneName: 'short',
      }),
  )
  const lists = lazily(() => new Intl.ListFormat(language, { type: 'unit' }))
  const numbers = lazily(() => new Intl.NumberFormat(language))
  return {
    language,
    direction,
    say: (key, ...[values]) => fill(messages.texts[key], values ?? {}),
    plain: (key) => messages.texts[key],
    date: (time) => html`<time datetime="${isoOf(time)}">${dates().format(time * 1000)}</time>`,
    span: (seconds) => spanIn(language, seconds),
    list: (items) => lists().format(items),
    count: (number) => numbers().format(number),
    event: (type) => (isPersonal(type) ? messages.events[type] : undefined),
    refusal: (refusal) => refusalIn(messages, refusal),
  }
}

/** The best of the languages there are, for somebody who reads these. RFC 4647 §3.4. */
export function bestVoice(voices: readonly [Voice, ...Voice[]], languages: readonly string[]): Voice {
  for (const wanted of languages) {
    // de-CH-1996, then de-CH, then de.
    for (let range = wanted.toLowerCase(); range !== ''; range = range.slice(0, Math.max(0, range.lastIndexOf('-')))) {
      const found = voices.find(({ language }) => language.toLowerCase() === range)
      if (found !== undefined) return found
    }
  }
  return voices[0]
}

/** A text of the operator's, isolated from what stands around it, its language said where that is another. */
export function renderLocal(text: LocalText, voice: Voice, languages: readonly string[]): Markup {
  const found = inLanguage(text, [voice.language, ...languages])
  if (found.language === undefined || found.language === voice.language) return html`<bdi>${found.text}</bdi>`
  return html`<bdi lang="${found.language}">${found.text}</bdi>`
}

function fill(text: string, values: Readonly<Record<string, string | Markup>>): Markup {
  const parts = text.split(/\{(\w+)\}/).map((part, index) => (index % 2 === 0 ? part : (values[part] ?? `{${part}}`)))
  return html`${parts.map((part) => html`${part}`)}`
}

const iso = lazily(
  () =>
    new Intl.DateTimeFormat('en', {
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone: 'UTC',
    }),
)

/** A time as `datetime` takes it. HTML Living Standard §2.3.5.7. */
function isoOf(time: NumericDate): string {
  const parts = new Map(
    iso()
      .formatToParts(time * 1000)
      .map(({ type, value }) => [type, value]),
  )
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? ''
  const year = part('year').padStart(4, '0')
  return `${year}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}Z`
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

function spanIn(language: string, seconds: number): string {
  const [unit, size] = units.find(([, least]) => seconds >= least) ?? ['second', 1]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / size))
}

const personal: ReadonlySet<string> = new Set(personalEvents)

function isPersonal(type: string): type is PersonalEvent {
  return personal.has(type)
}

function refusalIn({ language, refusals }: Messages, { slug, sentence, hint }: PublicRefusal) {
  const own = Object.hasOwn(refusals, slug) ? refusals[slug] : undefined
  if (own !== undefined) return { sentence: html`${own.sentence}`, hint: html`${own.hint}` }
  if (/^en(?:-|$)/i.test(language)) return { sentence: html`${sentence}`, hint: html`${hint}` }
  const inEnglish = (text: string) => html`<span lang="en" dir="ltr">${text}</span>`
  return { sentence: inEnglish(sentence), hint: inEnglish(hint) }
}
