import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPages } from './index.ts'
import {
  colourNames,
  coloursOf,
  contrast,
  type Look,
  LookRefused,
  problemsOf,
  standardColours,
  standardLook,
} from './look.ts'
import { german } from './messages/de.ts'
import { everyPage, signInView } from './views.test-support.ts'

function refusalOf(look: Look): readonly string[] {
  try {
    createPages(look)
  } catch (error) {
    assert.ok(error instanceof LookRefused, String(error))
    return error.message.split('\n')
  }
  return []
}

const withLight = (light: Look['colours']['light']): Look => ({ ...standardLook, colours: { light, dark: {} } })

test('contrast is that of WCAG', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21)
  assert.equal(contrast('#ffffff', '#000000'), 21)
  assert.equal(contrast('#abcdef', '#ABCDEF'), 1)
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48')
})

test('the colours of the product pass their own check in both schemes', () => {
  assert.deepEqual(problemsOf({ ...standardLook, colours: standardColours }), [])
  assert.deepEqual(Object.keys(standardColours.dark), colourNames)
})

test('a look whose text cannot be read is refused: which pair, and by how much', () => {
  assert.deepEqual(refusalOf(withLight({ action: '#ffd500' })), [
    'colours.light.action: onAction on action has a contrast of 1.42:1, and needs 4.5:1 to be seen',
  ])
  assert.deepEqual(refusalOf(withLight({ action: '#ffd500', onAction: '#000000' })), [])
  const dark = refusalOf({ ...standardLook, colours: { light: {}, dark: { paper: '#777777' } } })
  assert.ok(dark.length >= 2)
  for (const line of dark)
    assert.match(line, /^colours\.dark\.paper: (?:ink|soft|accent) on paper has a contrast of \d/)
  assert.match(refusalOf(withLight({ edge: '#dddddd' }))[0] ?? '', /^colours\.light\.edge: edge on card .* needs 3:1/)
})

test('a colour is written in one way, and has a name that is known', () => {
  for (const ink of ['red', '#000', '#00000000', 'rgb(0,0,0)', '#000000; } body { display: none', '']) {
    assert.deepEqual(refusalOf(withLight({ ink })), ['colours.light.ink: must be written as #rrggbb'], ink)
  }
  const unknown = { colour: '#000000' } as Look['colours']['light']
  assert.match(
    refusalOf(withLight(unknown))[0] ?? '',
    /^colours\.light\.colour: is none of the colours paper, card, ink/,
  )
})

test('what else makes no look', () => {
  assert.deepEqual(refusalOf({ ...standardLook, name: ' ' }), ['name: must not be empty'])
  const logo = { mediaType: 'image/png', base64: '"><script>' } as const
  assert.deepEqual(refusalOf({ ...standardLook, logo }), ['logo: must be base64'])
  const language = 'de"><script>'
  assert.deepEqual(refusalOf({ ...standardLook, languages: [{ ...german, language }] }), [
    `languages: "${language}" is not a language tag`,
  ])
})

test('the colours of a look stand behind the usual ones, and every scheme keeps its own', () => {
  const colours = { light: { action: '#0b5d4e' }, dark: { onAction: '#001a14', action: '#7fe0c8' } }
  const { stylesheet } = createPages({ ...standardLook, colours })
  const plain = createPages().stylesheet
  assert.ok(stylesheet.startsWith(plain))
  assert.equal(
    stylesheet.slice(plain.length),
    '@media (prefers-color-scheme: light) { :root { --action: #0b5d4e; } }\n' +
      '@media (prefers-color-scheme: dark) { :root { --on-action: #001a14; --action: #7fe0c8; } }\n',
  )
  assert.deepEqual(coloursOf('dark', {}), standardColours.dark)
})

test('every colour that is used is declared, and every declared one is used', () => {
  const { stylesheet } = createPages()
  const used = new Set([...stylesheet.matchAll(/var\(--([a-z-]+)\)/g)].map(([, name]) => name))
  const declared = new Set([...stylesheet.matchAll(/[ {]--([a-z-]+):/g)].map(([, name]) => name))
  assert.ok(used.size > 10)
  assert.deepEqual(used, declared)
})

test('a brand stands in the title and above every page, its logo with a text for whoever does not see it', () => {
  const logo = { mediaType: 'image/png', base64: 'iVBORw0KGgo=' } as const
  const pages = createPages({ ...standardLook, name: 'Müller & "Söhne"', logo })
  assert.equal(pages.pictures, 'data')
  for (const [name, page] of everyPage(pages)) {
    assert.match(page, / · Müller &amp; (?:&quot;|&#34;)Söhne(?:&quot;|&#34;)<\/title>/, name)
    const pictures = [...page.matchAll(/<img src="([^"]*)" alt="([^"]*)">/g)].map(([, src, alt]) => [src, alt])
    assert.deepEqual(pictures, [['data:image/png;base64,iVBORw0KGgo=', 'Müller &amp; &quot;Söhne&quot;']], name)
  }
  const plain = createPages({ ...standardLook, name: 'Müller' })
  assert.equal(plain.pictures, 'none')
  assert.match(plain.signIn(signInView()), /<bdi>Müller<\/bdi><\/header>/)
  assert.doesNotMatch(plain.signIn(signInView()), /<img|Strongroom/)
})
