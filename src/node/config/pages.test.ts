import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPages } from '../../console/index.ts'
import { type Look, standardLook } from '../../console/look.ts'
import { german } from '../../console/messages/de.ts'
import { english } from '../../console/messages/en.ts'
import { ConfigError, configJsonSchema, loadConfig } from './index.ts'
import { readYaml } from './read-yaml.ts'

const directory = mkdtempSync(join(tmpdir(), 'strongroom-pages-'))
const base = { issuer: 'https://id.example', keys: { sealing: 'A'.repeat(43) } }

function aFile(name: string, content: string | Uint8Array): string {
  writeFileSync(join(directory, name), content)
  return name
}

function load(pages: unknown, env: Record<string, string> = {}): Look {
  aFile('strongroom.yaml', JSON.stringify({ ...base, pages }))
  return loadConfig({ file: join(directory, 'strongroom.yaml'), env, flags: {} }).pages
}

function problems(pages: unknown, env: Record<string, string> = {}): readonly string[] {
  try {
    load(pages, env)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.lines
  }
  return []
}

const svg = '<?xml version="1.0"?>\n<!-- a mark -->\n<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2, 3])
const webp = Buffer.from('RIFF\x10\x00\x00\x00WEBPVP8 ', 'latin1')

test('without the group, the pages are as usual', () => {
  aFile('bare.yaml', JSON.stringify(base))
  assert.deepEqual(loadConfig({ file: join(directory, 'bare.yaml'), env: {}, flags: {} }).pages, standardLook)
  assert.deepEqual(load({}), standardLook)
})

test('name, colours, logo and order of languages make a look that pages can be made of', () => {
  const colours = { light: { action: '#0b5d4e' }, dark: { action: '#7fe0c8', onAction: '#062019' } }
  const look = load({ name: 'Sparkasse', logo: aFile('a.svg', svg), colours, languages: ['de', 'en'] })
  assert.equal(look.name, 'Sparkasse')
  assert.deepEqual(look.colours, colours)
  assert.deepEqual(look.languages, [german, english])
  assert.deepEqual(look.logo, { mediaType: 'image/svg+xml', base64: Buffer.from(svg).toString('base64') })
  assert.match(createPages(look).signedOut({ languages: ['fr'] }), /<html lang="de"[^]*Sparkasse/)
  assert.equal(
    load({}, { STRONGROOM_PAGES__NAME: 'Bank', STRONGROOM_PAGES__COLOURS__LIGHT__INK: '#000000' }).colours.light.ink,
    '#000000',
  )
})

test('a logo is what its name says', () => {
  for (const [name, content, mediaType] of [
    ['b.png', png, 'image/png'],
    ['b.webp', webp, 'image/webp'],
    ['b.SVG', '\ufeff<svg>', 'image/svg+xml'],
    ['c.svg', '<!DOCTYPE svg PUBLIC "a" "b">\n<svg width="1">', 'image/svg+xml'],
  ] as const) {
    assert.equal(load({ logo: aFile(name, content) }).logo?.mediaType, mediaType, name)
  }
  for (const [name, content] of [
    ['d.png', svg],
    ['d.svg', png],
    ['d.webp', 'RIFFxxxxWAVE'],
    ['e.svg', '<html><svg></svg></html>'],
    ['f.svg', '<!DOCTYPE svg [<!ENTITY a "b">]><svg></svg>'],
    ['g.svg', ''],
  ] as const) {
    assert.deepEqual(problems({ logo: aFile(name, content) }), [`pages.logo: ${name} does not hold what its name says`])
  }
  assert.deepEqual(problems({ logo: 'logo.gif' }), ['pages.logo: must end in .svg, .png or .webp'])
  assert.deepEqual(problems({ logo: 'none.svg' }), ['pages.logo: none.svg cannot be read (ENOENT)'])
  const large = aFile('large.png', Buffer.concat([png, Buffer.alloc(65_536)]))
  assert.deepEqual(problems({ logo: large }), ['pages.logo: large.png has more than 64 kB, and every page carries it'])
})

test('a comment before the root of a drawing takes no time to pass over, however many there are', () => {
  const name = aFile('many.svg', `${'<!---->'.repeat(9000)}<svh>`)
  assert.deepEqual(problems({ logo: name }), ['pages.logo: many.svg does not hold what its name says'])
})

test('colours are written in one way and can be read', () => {
  assert.deepEqual(problems({ colours: { light: { inc: '#000000', ink: 'black' } } }), [
    'pages.colours.light.ink: must be written as #rrggbb',
    'pages.colours.light.inc: is not a key here: did you mean "ink"?',
  ])
  assert.deepEqual(problems({ colours: { light: { ink: '#999999' } } }).slice(0, 1), [
    'pages.colours.light.ink: ink on paper has a contrast of 2.54:1, and needs 4.5:1 to be seen',
  ])
})

test('texts replace those of a language, and leave the others', () => {
  const texts = {
    de: { signInTitle: 'Willkommen', events: { 'user.login.succeeded': 'Das waren Sie' } },
    en: { refusals: { sign_in_failed: { sentence: 'No.', hint: 'Try again.' } } },
  }
  const [en, de] = load({ texts }).languages
  assert.deepEqual(de, {
    ...german,
    texts: { ...german.texts, signInTitle: 'Willkommen' },
    events: { ...german.events, 'user.login.succeeded': 'Das waren Sie' },
  })
  assert.deepEqual(en.refusals, texts.en.refusals)
})

test('a text that does not exist, or leaves out what is filled in, is refused by name', () => {
  const texts = {
    de: {
      signInTitel: 'Willkommen',
      consentHeading: 'Eine Anwendung bittet um Zugriff',
      signedInAs: 'Sie sind {usr} {user}.',
      events: { 'user.login.suceeded': 'Ja' },
      refusals: { sign_in_faild: { sentence: 'Nein.', hint: 'Noch einmal.' } },
    },
  }
  assert.deepEqual(
    problems({ texts }).toSorted(),
    [
      'pages.texts.de.signInTitel: is not a text: did you mean "signInTitle"?',
      'pages.texts.de.consentHeading: must say {client}',
      'pages.texts.de.signedInAs: says {usr}, which nothing is filled into: did you mean "user"?',
      'pages.texts.de.events: user.login.suceeded is not an event of people: did you mean "user.login.succeeded"?',
      'pages.texts.de.refusals.sign_in_faild: is not a refusal: did you mean "sign_in_failed"?',
    ].toSorted(),
  )
  assert.deepEqual(problems({ texts: { de: { signInTitle: '', or: 'a\u0007', direction: 'up' } } }).toSorted(), [
    'pages.texts.de.direction: must be ltr or rtl',
    'pages.texts.de.or: must not hold control characters',
    'pages.texts.de.signInTitle: must have 1 to 1000 characters',
  ])
  assert.deepEqual(problems({ texts: { de: { direction: 'rtl' } } }), ['pages.texts.de.direction: is known already'])
  assert.deepEqual(problems({ texts: { de: ['a'] } }), ['pages.texts.de.(a key that is no name): is not a text'])
  assert.deepEqual(load({ texts: { de: { signInTitle: 'Willkommen' } } }).languages.length, 2)
})

test('a variant of a language needs only what differs', () => {
  const look = load({ texts: { 'de-AT': { signInTitle: 'Servus' } } })
  assert.deepEqual(
    look.languages.map(({ language, texts }) => [language, texts.signInTitle]),
    [
      ['en', 'Sign in'],
      ['de', 'Anmelden'],
      ['de-AT', 'Servus'],
    ],
  )
  assert.deepEqual(load({ languages: ['de-CH'] }).languages, [{ ...german, language: 'de-CH' }])
})

test('a further language is whole: every text, every event and its direction', () => {
  const whole = { direction: 'rtl', ...english.texts, events: english.events }
  const fromFile = load({ textFiles: [aFile('ar.yaml', JSON.stringify({ ar: whole }))], languages: ['ar', 'en'] })
  assert.deepEqual(fromFile.languages, [{ ...english, language: 'ar', direction: 'rtl' }, english])
  assert.match(createPages(fromFile).signedOut({ languages: ['ar-EG'] }), /<html lang="ar" dir="rtl">/)
  const both = load({ textFiles: ['ar.yaml'], texts: { ar: { signInTitle: 'دخول' } } })
  assert.equal(both.languages[2]?.texts.signInTitle, 'دخول')

  const { signInTitle: _, ...less } = whole
  assert.deepEqual(problems({ texts: { ar: { ...less, direction: undefined } } }), [
    'pages.texts.ar: is a language that does not come along, and lacks direction, signInTitle',
  ])
  assert.match(
    problems({ languages: ['fr'] })[0] ?? '',
    /^pages\.languages\[0\]: is a language that does not come along, and lacks direction, .* and \d+ more$/,
  )
})

test('a list of languages says each once, and leaves out none that has texts', () => {
  assert.deepEqual(problems({ languages: ['de', 'DE'] }), ['pages.languages: lists a language twice'])
  assert.deepEqual(problems({ languages: [] }), ['pages.languages: must list at least one language'])
  assert.deepEqual(problems({ languages: ['deutsch!'] }), ['pages.languages[0]: must be a language tag such as de-AT'])
  assert.deepEqual(problems({ languages: ['en'], texts: { de: { or: 'oder' } } }), [
    'pages.texts.de: is a language that pages.languages does not list',
  ])
})

test('what is wrong with a file of texts is said with its place', () => {
  assert.deepEqual(problems({ textFiles: ['none.yaml'] }), ['pages.textFiles[0]: none.yaml cannot be read (ENOENT)'])
  const broken = aFile('broken.yaml', 'de:\n  or: [')
  assert.match(problems({ textFiles: [broken] })[0] ?? '', /^pages\.textFiles\[0\]: line 2, column \d+: /)
  const wrong = aFile('wrong.yaml', JSON.stringify({ de: { or: 5, signInTitel: 'x' } }))
  assert.deepEqual(problems({ textFiles: [wrong] }), ['pages.textFiles[0].de.or: must be a text'])
  const unknown = aFile('unknown.yaml', JSON.stringify({ de: { signInTitel: 'x' } }))
  assert.deepEqual(problems({ textFiles: [unknown] }), [
    'pages.textFiles[0].de.signInTitel: is not a text: did you mean "signInTitle"?',
  ])
})

test('everything that is wrong is said at once, and never a value', () => {
  const secret = 'hunter2 is my secret'
  const refusals = { [secret]: { sentence: 'x', hint: 'x' } }
  const found = [
    ...problems({ name: '', brand: 'x', logo: secret }),
    ...problems({
      logo: secret,
      texts: { de: { [secret]: 'x', events: { [secret]: 'x' }, or: `{${secret}}`, refusals } },
    }),
    ...problems({ texts: { [secret]: {} }, colours: { dark: { ink: secret } } }),
  ]
  assert.ok(found.length >= 8, found.join('\n'))
  assert.ok(found.every((line) => !line.includes('hunter2')))
})

test('the JSON Schema names every text, for editors', () => {
  const schema = JSON.stringify(configJsonSchema())
  for (const key of ['signInTitle', 'consentHeading', 'user.login.failed', 'textFiles', 'accentPaper']) {
    assert.ok(schema.includes(`"${key}"`), key)
  }
})

test('the example of the page about pages is one that starts', () => {
  const page = readFileSync(new URL('../../../docs/pages.md', import.meta.url), 'utf8')
  const [, yaml = ''] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? []
  aFile('logo.svg', svg)
  const look = load(readYaml(yaml)['pages'])
  assert.equal(look.languages[0].language, 'de')
  assert.match(createPages(look).stylesheet, /--action: #0b5d4e/)
})
