import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysOf, numericDate } from '../core/names.ts'
import { publicRefusal, ruleOf, rules } from '../core/rules.ts'
import { createPages } from './index.ts'
import { shippedLanguages, standardLook } from './look.ts'
import { german } from './messages/de.ts'
import { english } from './messages/en.ts'
import { type Messages, personalEvents, placeholdersIn, texts } from './messages/messages.ts'
import { accountView, consentView, errorView, everyPage, honestNames, signInView } from './views.test-support.ts'
import { createVoice } from './voice.ts'

const pages = createPages()

/** Every slug that a page may show. */
const shown = [
  ...new Set(
    keysOf(rules)
      .filter((slug) =>
        ruleOf(slug).at.some((step) => ['interaction', 'authorization', 'logout', 'account'].includes(step)),
      )
      .map((slug) => publicRefusal(slug).slug),
  ),
]

test('every language that comes along has every text, with what is filled into it', () => {
  assert.deepEqual(
    shippedLanguages.map(({ language }) => language),
    ['en', 'de'],
  )
  for (const { language, texts: own, events } of shippedLanguages) {
    assert.deepEqual(Object.keys(own).sort(), keysOf(texts).toSorted(), language)
    for (const key of keysOf(texts)) {
      assert.deepEqual(placeholdersIn(own[key]).toSorted(), [...texts[key]].toSorted(), `${language}: ${key}`)
      assert.ok(own[key].trim() === own[key] && own[key] !== '', `${language}: ${key}`)
    }
    assert.deepEqual(Object.keys(events).sort(), [...personalEvents].sort(), language)
  }
  assert.ok(personalEvents.length > 30)
})

test('German has words of its own, and addresses people formally', () => {
  const same = keysOf(texts).filter((key) => german.texts[key] === english.texts[key])
  assert.deepEqual(same, ['passkeysHeading', 'passkeyName'])
  const all = JSON.stringify(german)
  assert.match(all, /\bSie\b/)
  assert.doesNotMatch(all, /\b(?:du|dein\w*|dich|dir|melde|klicke)\b/)
})

test('German translates every refusal that a page can show, and none that does not exist', () => {
  assert.ok(shown.length > 25)
  assert.deepEqual(
    shown.filter((slug) => !Object.hasOwn(german.refusals, slug)),
    [],
  )
  const known: readonly string[] = keysOf(rules).map((slug) => publicRefusal(slug).slug)
  assert.deepEqual(
    Object.keys(german.refusals).filter((slug) => !known.includes(slug)),
    [],
  )
})

test('a page speaks the first language of the reader that it can, in the form that comes closest', () => {
  const languageOf = (...languages: string[]) => / lang="([^"]*)"/.exec(pages.signedOut({ languages }))?.[1]
  assert.equal(languageOf('de'), 'de')
  assert.equal(languageOf('de-AT'), 'de')
  assert.equal(languageOf('DE-ch-1996'), 'de')
  assert.equal(languageOf('fr', 'de', 'en'), 'de')
  assert.equal(languageOf('fr', 'den', ''), 'en')
  assert.equal(languageOf(), 'en')
  assert.deepEqual(pages.languages, ['en', 'de'])
  const others = createPages({ ...standardLook, languages: [german, { ...german, language: 'de-AT' }] })
  assert.match(others.signedOut({ languages: ['de-AT'] }), /<html lang="de-AT"/)
  assert.match(others.signedOut({ languages: ['en'] }), /<html lang="de"/)
})

test('a German page is German all over', () => {
  const german = everyPage(pages, honestNames, ['de-DE'])
  assert.match(german.get('consent') ?? '', /<bdi>Tally<\/bdi> bittet um Zugriff/)
  assert.match(german.get('consent') ?? '', /<strong><bdi>123,50\sEUR<\/bdi><\/strong> von /)
  assert.match(german.get('consent') ?? '', /Bis zu 30 Tage lang/)
  assert.match(german.get('consent') ?? '', />2\. Jan\. 2026, 03:04 UTC<\/time>/)
  assert.match(german.get('sign-in, failed') ?? '', /Die Anmeldung ist fehlgeschlagen/)
  assert.match(german.get('account') ?? '', /Eine Anmeldung ist fehlgeschlagen/)
  for (const [name, page] of german) {
    for (const text of Object.values(english.texts).filter((one) => one.length > 12 && !one.includes('{'))) {
      assert.ok(!page.includes(`>${text}<`), `${name}: ${text}`)
    }
    assert.doesNotMatch(page, / lang="en"/, name)
  }
})

test('a refusal without translation is shown in English, and marked as that', () => {
  const bare = createPages({ ...standardLook, languages: [{ ...german, refusals: {} }] })
  const { sentence, hint } = errorView.refusal
  const page = bare.error({ ...errorView, languages: ['de'] })
  assert.ok(page.includes(`<h1><span lang="en" dir="ltr">${sentence}</span></h1>`))
  assert.ok(page.includes(`<p><span lang="en" dir="ltr">${hint}</span></p>`))
  assert.doesNotMatch(pages.error({ ...errorView, languages: ['de'] }), / lang="en"/)
  assert.ok(pages.error(errorView).includes(`<h1>${sentence}</h1>`))
  const odd = { ...errorView.refusal, slug: 'toString' } as unknown as typeof errorView.refusal
  assert.ok(pages.error({ ...errorView, refusal: odd, languages: ['de'] }).includes(sentence))
})

test('a text of the operator in another language says which', () => {
  const upstream = [{ name: { fr: 'Ville' }, action: '/city' }]
  assert.match(pages.signIn(signInView(honestNames, { upstream })), /Continue with <bdi lang="fr">Ville<\/bdi>/)
  const name = { de: 'Stadt', en: 'City' }
  const both = signInView(honestNames, { upstream: [{ name, action: '/city' }], languages: ['de'] })
  assert.match(pages.signIn(both), /Weiter mit <bdi>Stadt<\/bdi>/)
})

/** A language that is read from right to left: every letter of English replaced by one of Arabic. */
const mirrored: Messages = {
  language: 'ar',
  direction: 'rtl',
  texts: mirror(english.texts),
  events: mirror(english.events),
  refusals: {},
}

function mirror<Texts extends Readonly<Record<string, string>>>(own: Texts): Texts {
  const letters = 'ابتثجحخدذرزسشصضطظعغفقكلمنه'
  const letter = (found: string) => letters[found.toLowerCase().charCodeAt(0) - 97] ?? found
  const entries = Object.entries(own).map(([key, text]) => [
    key,
    text.replaceAll(/\{\w+\}|[a-z]/gi, (found) => (found.startsWith('{') ? found : letter(found))),
  ])
  return Object.fromEntries(entries) as Texts
}

test('every page reads from right to left in a language that does', () => {
  const arabic = createPages({ ...standardLook, languages: [mirrored] })
  const ltr = everyPage(pages)
  for (const [name, page] of everyPage(arabic, honestNames, ['ar-EG'])) {
    assert.match(page, /<html lang="ar" dir="rtl">/, name)
    const tags = (text: string) =>
      [...text.matchAll(/<[a-z][a-z1-6]*/g)].map(([tag]) => tag).filter((tag) => tag !== '<span')
    assert.deepEqual(tags(page), tags(ltr.get(name) ?? ''), name)
  }
  const consent = arabic.consent(consentView(honestNames, { languages: ['ar'] }))
  assert.match(consent, /<bdi>Tally<\/bdi>/)
  assert.match(consent, /<code dir="ltr">a-code<\/code>/)
})

test('no property of the stylesheet knows left from right', () => {
  const physical =
    /(?:^|[\s;{-])(?:left|right)\s*:|\b(?:margin|padding|border|scroll-margin)-(?:left|right)|(?:float|clear|text-align)\s*:\s*(?:left|right)|border-(?:top|bottom)-(?:left|right)|\bto (?:left|right)\b/
  assert.doesNotMatch(pages.stylesheet, physical)
  for (const written of ['a { left: 0 }', 'a { margin-left: 1px }', 'a { text-align:right }'])
    assert.match(written, physical)
  // A shorthand of four lengths says right and left apart; those of the stylesheet say the same for both.
  for (const [, lengths = ''] of pages.stylesheet.matchAll(/(?:margin|padding|inset|border-width):\s*([^;}]+)/g)) {
    const sides = lengths
      .replaceAll(/\([^()]*\)/g, '')
      .trim()
      .split(/\s+/)
    assert.ok(sides.length < 4, lengths)
  }
})

test('dates and spans are written as the language does, the zone said', () => {
  const [en, de, ar] = [createVoice(english), createVoice(german), createVoice(mirrored)]
  const time = numericDate(0)
  assert.match(en.date(time).toString(), /^<time datetime="1970-01-01T00:00:00Z">Jan 1, 1970, 00:00 UTC<\/time>$/)
  assert.match(
    de.date(numericDate(253_402_300_799)).toString(),
    /datetime="9999-12-31T23:59:59Z">31\. Dez\. 9999, 23:59 UTC</,
  )
  assert.match(ar.date(time).toString(), /datetime="1970-01-01T00:00:00Z"/)
  assert.deepEqual(
    [86_400, 86_401, 3600, 61, 5].map((seconds) => en.span(seconds)),
    ['1 day', '2 days', '1 hour', '2 minutes', '5 seconds'],
  )
  assert.equal(de.span(3 * 86_400), '3 Tage')
})

test('an event that concerns people has words of its own, another has its name', () => {
  const event = { time: numericDate(0), outcome: 'allowed', client: undefined, count: 1 } as const
  for (const type of personalEvents) {
    const page = pages.account(accountView(honestNames, { events: [{ ...event, type }] }))
    assert.ok(page.includes(`<p>${english.events[type]}</p>`), type)
  }
  const other = pages.account(accountView(honestNames, { events: [{ ...event, type: 'admin.changed' }] }))
  assert.match(other, /Something else was noted \(<code dir="ltr">admin\.changed<\/code>\)/)
})
